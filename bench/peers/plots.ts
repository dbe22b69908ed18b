/** Plots as SVG files that need nothing else: they carry their own colors, for a light and for a dark surrounding. */
import { scaleBand, scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'

export interface Bar {
  readonly name: string
  /** Absent: it was not measured, and `why` says so. */
  readonly value?: number | undefined
  readonly why?: string
  /** A part of the value that is drawn darker, from zero on, and the words that say how much it is. */
  readonly part?: { readonly value: number; readonly words: string } | undefined
}

export interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
}

const width = 760
const labelWidth = 180
const valueWidth = 110
const barHeight = 20
const panelHead = 30
const panelGap = 14

const style = `
  text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#24292f}
  .heading{font-size:15px;font-weight:600}.title{font-weight:600}.quiet{fill:#57606a}.paper{fill:#fff;stroke:#d0d7de}
  .bar{fill:#afb8c1}.part{fill:#6e7781}.first .bar{fill:#79b8ff}.first .part,.only.first .bar{fill:#0969da}.first text{font-weight:600}
  .grid{stroke:#d8dee4}.line{fill:none;stroke-width:2;stroke:#6e7781}.line.first{stroke:#0969da;stroke-width:3}
  @media (prefers-color-scheme:dark){
    text{fill:#e6edf3}.quiet{fill:#9198a1}.paper{fill:#0d1117;stroke:#30363d}
    .bar{fill:#6e7681}.part{fill:#b1bac4}.first .bar{fill:#1f6feb}.first .part,.only.first .bar{fill:#79c0ff}
    .grid{stroke:#30363d}.line{stroke:#9198a1}.line.first{stroke:#79c0ff}
  }`

/**
 * Draws one panel for each unit of work, each with a scale of its own that begins at zero, and one bar for each peer. The first
 * peer stands out.
 *
 * @param description what a reader who does not see it is told
 */
export function barPanels(
  title: string,
  description: string,
  panels: readonly Panel[],
  format: (value: number) => string,
): string {
  let top = 40
  const drawn = panels.map((panel) => {
    const { svg, height } = barPanel(panel, top, format)
    top += height + panelGap
    return svg
  })
  return picture(title, description, top, [heading(title), ...drawn].join('\n'))
}

function barPanel({ title, bars }: Panel, top: number, format: (value: number) => string) {
  const most = Math.max(...bars.flatMap(({ value }) => value ?? []), Number.MIN_VALUE)
  const x = scaleLinear([0, most], [0, width - labelWidth - valueWidth - 24])
  const height = panelHead + bars.length * (barHeight + 6)
  const y = scaleBand<number>(
    bars.map((_, index) => index),
    [top + panelHead, top + height],
  ).paddingInner(0.25)
  const rows = bars.map(({ name, value, why = 'not measured', part }, index) => {
    const at = y(index) ?? top
    const middle = round(at + y.bandwidth() / 2 + 4.5)
    const box = (kind: string, length: number) =>
      `<rect class="${kind}" x="${labelWidth}" y="${round(at)}" width="${round(x(length))}" height="${round(y.bandwidth())}" rx="2"/>`
    const shown =
      value === undefined
        ? `<text class="quiet" x="${labelWidth}" y="${middle}">${escaped(why)}</text>`
        : `${box('bar', value)}${part === undefined ? '' : box('part', part.value)}<text x="${round(labelWidth + x(value) + 8)}" y="${middle}">${escaped(format(value) + (part === undefined ? '' : part.words))}</text>`
    const classes = [index === 0 && 'first', part === undefined && 'only'].filter(Boolean).join(' ')
    return `<g class="${classes}"><text x="${labelWidth - 10}" y="${middle}" text-anchor="end">${escaped(name)}</text>${shown}</g>`
  })
  return { svg: `<text class="title" x="16" y="${top + 19}">${escaped(title)}</text>\n${rows.join('\n')}`, height }
}

export interface Curve {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** Draws how many times as much a unit costs with more records, beside the cost with the fewest. */
export function curves(title: string, description: string, list: readonly Curve[]): string {
  const [left, right, top, bottom] = [60, width - 200, 44, 250]
  const xs = list.flatMap(({ points }) => points.map((point) => point.x))
  const ys = list.flatMap(({ points }) => points.map((point) => point.y))
  const x = scaleLog([Math.min(...xs), Math.max(...xs)], [left, right])
  const y = scaleLinear([0, Math.max(2, ...ys)], [bottom, top]).nice(4)
  const grid = y
    .ticks(4)
    .map(
      (tick) =>
        `<path class="grid" d="M${left},${round(y(tick))}H${right}"/><text class="quiet" x="${left - 8}" y="${round(y(tick) + 4.5)}" text-anchor="end">${tick}×</text>`,
    )
  const marks = [...new Set(xs)].map((value) => {
    const anchor = value === Math.max(...xs) ? 'end' : 'start'
    return `<text class="quiet" x="${round(x(value))}" y="${bottom + 20}" text-anchor="${anchor}">${value.toLocaleString('en')} records</text>`
  })
  const path = line<{ x: number; y: number }>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(1)
  const labels = apart(list.map(({ points }) => y(points.at(-1)?.y ?? 0)))
  const dashes = ['', '6 4', '2 4', '10 4 2 4', '1 6']
  const drawn = list.map(
    ({ name, points }, index) =>
      `<g class="${index === 0 ? 'first' : ''}"><path class="line${index === 0 ? ' first' : ''}" stroke-dasharray="${dashes[index % dashes.length]}" d="${path([...points])}"/><text x="${right + 10}" y="${round((labels[index] ?? 0) + 4.5)}">${escaped(name)}</text></g>`,
  )
  return picture(title, description, bottom + 36, [heading(title), ...grid, ...marks, ...drawn].join('\n'))
}

/** Moves labels apart that would lie on each other, and keeps their order. */
export function apart(positions: readonly number[], distance = 17): number[] {
  const sorted = positions
    .map((position, index) => ({ position, index }))
    .sort((one, other) => one.position - other.position)
  const moved: number[] = []
  let lowest = Number.NEGATIVE_INFINITY
  for (const { position, index } of sorted) {
    lowest = Math.max(position, lowest + distance)
    moved[index] = lowest
  }
  return moved
}

const heading = (title: string) => `<text class="heading" x="16" y="29">${escaped(title)}</text>`

const picture = (title: string, description: string, height: number, inside: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${round(height)}" width="${width}" height="${round(height)}" role="img" aria-labelledby="t d">
<title id="t">${escaped(title)}</title>
<desc id="d">${escaped(description)}</desc>
<style>${style}
</style>
<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${round(height) - 1}" rx="8"/>
${inside}
</svg>
`

const round = (value: number) => Number(value.toFixed(1))
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
