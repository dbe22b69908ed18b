import { describe, expect, test } from 'vitest'
import { barPlot, linePlot, shareBar } from './plots.ts'

const days = ['20261128', '20261129', '20261130']
const series = [
  { name: 'Answered', look: 'one', values: [10, 0, 30] },
  { name: 'Failed', look: 'bad', values: [0, 5, 10] },
] as const
const input = { title: 'Calls <b>', days, series }

/** Text of the cells of each row. */
const rowsIn = (html: string) =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) => [...row.matchAll(/>([^<]+)</g)].map(([, text]) => text))
/** Boxes of a path of bars: x, y, width and height. */
const boxesIn = (html: string, look: string) => {
  const [, path = ''] = new RegExp(`<path class="fill ${look}" d="([^"]*)"`).exec(html) ?? []
  return [...path.matchAll(/M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z/g)].map((match) => match.slice(1).map(Number))
}

describe.each([
  ['bars', barPlot],
  ['lines', linePlot],
])('a plot of %s', (_what, plot) => {
  const html = plot(input).toString()

  test('has a table with the same numbers, day by day', () => {
    expect(rowsIn(html)).toEqual([
      ['Day', 'Answered', 'Failed'],
      ['Nov 28', '10', '0'],
      ['Nov 29', '0', '5'],
      ['Nov 30', '30', '10'],
    ])
  })

  test('says what it shows to readers who do not see it, and escapes it', () => {
    const [, label] = /role="img" aria-label="([^"]+)"/.exec(html) ?? []
    expect(label).toBe(
      'Calls &lt;b&gt;. Answered: at most 30, on Nov 30; 30 on the last day. Failed: at most 10, on Nov 30; 10 on the last day. The numbers follow as a table.',
    )
    expect(html).not.toContain('<b>.')
  })

  test('has neither a script nor a style of its own, which the content security policy would refuse', () => {
    expect(html).not.toMatch(/<script|style=|on\w+=/)
  })

  test.each([
    ['no day', []],
    ['one day', ['20261130']],
    ['days without a call', days],
  ])('is drawn for %s', (_days, some) => {
    const drawn = plot({ title: 'x', days: some, series: [{ name: 'y', look: 'one', values: some.map(() => 0) }] })
    expect(drawn.toString()).not.toMatch(/NaN|undefined|Infinity/)
  })
})

test('bars stand on top of each other, and their heights are in proportion', () => {
  const html = barPlot(input).toString()
  const [[, low = 0, , high = 0] = [], [, , , tall = 0] = []] = boxesIn(html, 'one')
  expect(tall / high).toBeCloseTo(3)
  expect(low + high).toBeCloseTo(100)
  const [, [, top = 0, , failed = 0] = []] = boxesIn(html, 'bad')
  expect(top + failed).toBeCloseTo(100 - tall)
})

test('the levels beside a plot are whole numbers, from zero to above the greatest value', () => {
  const levels = (values: readonly number[]) => {
    const html = barPlot({ title: 'x', days, series: [{ name: 'y', look: 'one', values }] }).toString()
    const [, texts = ''] = /class="levels"[^>]*>(.*?)<\/div>/.exec(html) ?? []
    return [...texts.matchAll(/<span>([^<]+)/g)].map(([, text]) => text)
  }
  expect(levels([0, 1, 0])).toEqual(['4', '3', '2', '1', '0'])
  expect(levels([0, 1_800, 0])).toEqual(['2K', '1.5K', '1K', '500', '0'])
})

test('the bar of a share is never longer than its rail', () => {
  const widthOf = (html: string) => Number(/class="fill one" width="([\d.]+)"/.exec(html)?.[1])
  expect([shareBar(5, 10), shareBar(10, 10), shareBar(0, 0)].map((bar) => widthOf(bar.toString()))).toEqual([
    50, 100, 0,
  ])
})
