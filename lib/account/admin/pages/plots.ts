import { scaleBand, scaleLinear, scalePoint } from 'd3-scale'
import { area, curveMonotoneX, line, stack } from 'd3-shape'
import { html, type Markup } from '../../../pages/markup.ts'
import { numberText, shortDay, shortNumber } from './words.ts'

/** One series of a plot: a number for each day. */
export interface Series {
  readonly name: string
  /** Its color: `one`, `two` or `bad`. Each also has its own texture or dashes, for readers who do not see colors. */
  readonly look: 'one' | 'two' | 'bad'
  readonly values: readonly number[]
}

export interface PlotInput {
  /** What the plot shows, as the caption. */
  readonly title: string
  /** Days as `yyyymmdd`, the oldest first. */
  readonly days: readonly string[]
  readonly series: readonly Series[]
}

/** The width of the drawing in its own units. The page stretches it to its own width. */
const width = 1000
const height = 100

/** Draws one bar for each day, with the series on top of each other. */
export function barPlot(input: PlotInput): Markup {
  const { days, series } = input
  const x = scaleBand<number>(
    days.map((_, index) => index),
    [0, width],
  ).paddingInner(days.length > 40 ? 0.15 : 0.25)
  const totals = days.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))
  const y = scaleOf(totals)
  const rows = days.map((_, index) => Object.fromEntries(series.map(({ values }, at) => [at, values[index] ?? 0])))
  const layers = stack<Record<string, number>, number>().keys(series.map((_, at) => at))(rows)
  const bars = layers.map((layer, at) => {
    const path = layer
      .map(([low, high], index) => (high > low ? box(x(index) ?? 0, y(high), x.bandwidth(), y(low) - y(high)) : ''))
      .join('')
    return html`<path class="fill ${series[at]?.look ?? 'one'}" d="${path}"/>`
  })
  // For each day, an invisible bar over the whole height shows the day's numbers when the pointer is on it.
  const hints = days.map((day, index) => {
    const told = series.map(({ name, values }) => `${name} ${numberText(values[index] ?? 0)}`).join(', ')
    return html`<rect class="hint" x="${round(x(index) ?? 0)}" y="0" width="${round(x.bandwidth())}" height="${height}"><title>${shortDay(day)}: ${told}</title></rect>`
  })
  return figure(input, y, html`${bars}${hints}`)
}

/** Draws one line for each series, the first with a shade below it. */
export function linePlot(input: PlotInput): Markup {
  const { days, series } = input
  const x = scalePoint<number>(
    days.map((_, index) => index),
    [0, width],
  )
  const y = scaleOf(series.flatMap(({ values }) => values))
  const at = (_: number, index: number) => x(index) ?? 0
  const lines = series.map(({ look, values }, index) => {
    const shade = area<number>(at, y(0), (value) => y(value))
      .curve(curveMonotoneX)
      .digits(1)
    const stroke = line<number>(at, (value) => y(value))
      .curve(curveMonotoneX)
      .digits(1)
    return html`${index === 0 && html`<path class="shade ${look}" d="${shade(values) ?? ''}"/>`}<path class="line ${look}" d="${stroke(values) ?? ''}"/>`
  })
  return figure(input, y, html`${lines}`)
}

/**
 * Draws a bar in a row of a table, as long as its share of the greatest value. It is hidden from screen readers, which read the
 * number beside it.
 */
export function shareBar(value: number, most: number, look: 'one' | 'bad' = 'one'): Markup {
  const x = scaleLinear([0, Math.max(most, 1)], [0, 100])
  return html`<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="6"/><rect class="fill ${look}" width="${round(x(value))}" height="6"/></svg>`
}

/** Makes a scale from 0 to a round number above the greatest value. Its axis has whole numbers only. */
function scaleOf(values: readonly number[]) {
  return scaleLinear([0, Math.max(4, ...values)], [height, 0]).nice(ticks)
}

const ticks = 4
const round = (value: number) => Number(value.toFixed(1))
const box = (x: number, y: number, wide: number, high: number) =>
  `M${round(x)},${round(y)}h${round(wide)}v${round(high)}h${round(-wide)}z`

/**
 * Makes a drawing with its caption, axes and legend, and a table with the same numbers. The axes are text beside the drawing,
 * because stretching the drawing must not stretch the text.
 */
function figure({ title, days, series }: PlotInput, y: ReturnType<typeof scaleOf>, drawing: Markup): Markup {
  const levels = y.ticks(ticks)
  const grid = levels.map((level) => html`<path class="grid" d="M0,${round(y(level))}H${width}"/>`)
  const shown = [
    days[0],
    days.length > 2 ? days[Math.floor((days.length - 1) / 2)] : undefined,
    days.length > 1 ? days.at(-1) : undefined,
  ]
  const legend = series.map(
    ({ name, look }) =>
      html`<li><svg class="key" viewBox="0 0 16 8" aria-hidden="true"><rect class="fill ${look}" width="16" height="8"/></svg>${name}</li>`,
  )
  return html`<figure class="plot"><figcaption><b>${title}</b>${series.length > 1 && html`<ul class="legend">${legend}</ul>`}</figcaption>
<div class="canvas"><div class="levels" aria-hidden="true">${levels.toReversed().map((level) => html`<span>${shortNumber(level)}</span>`)}</div>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${summary(title, days, series)}">${grid}${drawing}</svg>
<div class="dates" aria-hidden="true">${shown.flatMap((day) => (day === undefined ? [] : [html`<span>${shortDay(day)}</span>`]))}</div></div>
<details><summary>The numbers<span class="unseen"> of ${title}</span></summary>
<div class="scroll"><table class="numbers" aria-label="${title}, by day"><thead><tr><th scope="col">Day</th>${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${days.map((day, index) => html`<tr><th scope="row">${shortDay(day)}</th>${series.map(({ values }) => html`<td class="number">${numberText(values[index] ?? 0)}</td>`)}</tr>`)}</tbody></table></div></details></figure>
`
}

/** Describes the drawing for readers who cannot see it: the sum and the greatest value of each series. */
function summary(title: string, days: readonly string[], series: readonly Series[]): string {
  const told = series.map(({ name, values }) => {
    const most = Math.max(0, ...values)
    const when = days[values.indexOf(most)]
    if (most === 0 || when === undefined) return `${name}: none.`
    return `${name}: at most ${numberText(most)}, on ${shortDay(when)}; ${numberText(values.at(-1) ?? 0)} on the last day.`
  })
  return `${title}. ${told.join(' ')} The numbers follow as a table.`
}
