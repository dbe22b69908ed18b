import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { performancePage } from '../../bench/peers/page.ts'
import { peers } from '../../bench/peers/peers.ts'
import { apart, barPanels } from '../../bench/peers/plots.ts'
import { type Results, results } from '../../bench/peers/results.ts'
import { unitNames } from '../../bench/peers/units.ts'
import { repository } from '../../dev/repository.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

/** Figures as a run might give them: each peer takes one and a half times as long as the one before it. */
function made(change: Partial<Results> = {}): Results {
  const measurements = peers.flatMap((peer, at) =>
    [0, 10].flatMap((delay) =>
      [1, 50]
        .filter((concurrency) => delay === 0 || concurrency === 1 || peer.parallelStore)
        .flatMap((concurrency) =>
          unitNames
            .filter((unit) => peer.refreshes || !unit.startsWith('refresh'))
            .map((unit) => ({
              peer: peer.id,
              unit,
              delay,
              concurrency,
              milliseconds: 1.5 ** at + delay,
              fastest: 1.5 ** at + delay,
              perSecond: 1000 / 1.5 ** at,
              cpu: 400 * 1.5 ** at,
              timesOurs: { milliseconds: 1.5 ** at, perSecond: 1 / 1.5 ** at, cpu: 1.5 ** at },
              operations: { read: at, write: 1, delete: 0, list: 0, transaction: 0 },
              requests: 1,
              bytes: 1234,
              records: 1,
            })),
        ),
    ),
  )
  const growth = peers.flatMap(({ id }) =>
    [1000, 100_000].map((records) => ({
      peer: id,
      unit: 'signIn' as const,
      records,
      milliseconds: 1,
      cpu: records / 100,
    })),
  )
  return {
    at: '2026-12-01T02:50:00.000Z',
    quick: false,
    seconds: 300,
    commit: 'abc1234',
    node: 'v24.21.0',
    machine: { platform: 'linux x64', cpu: 'A processor', cores: 2, memoryMB: 1, pinned: true, loadBefore: 0 },
    versions: JSON.parse(read('bench/peers/package.json')).dependencies,
    rounds: 5,
    measurements,
    growth,
    reuse: peers.map(({ id }) => ({
      peer: id,
      racers: 20,
      codeWinners: id === 'cloudflare' ? 20 : 1,
      refreshWinners: 20,
      successors: 1,
      codeReplayEnds: true,
      refreshReplayEnds: true,
      previousAccepted: false,
    })),
    memory: peers.map(({ id }) => ({ peer: id, afterStart: 60, afterRun: 100 })),
    ...change,
  }
}

describe('docs/performance.md', () => {
  test('is what the figures beside it say', () => {
    const figures = v.parse(results, JSON.parse(read('docs/performance/figures.json')))
    for (const [path, text] of Object.entries(performancePage(figures))) expect(text, path).toBe(read(path))
  })

  test('names the command and the file with its figures, and what is measured', () => {
    const page = read('docs/performance.md')
    expect(page).toContain('`npm run bench:peers`')
    expect(page).toContain('](performance/figures.json)')
    const { dependencies } = JSON.parse(read('bench/peers/package.json'))
    for (const name of peers.flatMap(({ packages }) => packages)) {
      expect(page).toContain(`\`${name}\` ${dependencies[name]}`)
    }
  })

  test('says so if it comes from a quick run', () => {
    const page = (quick: boolean) => performancePage(made({ quick }))['docs/performance.md']
    expect(page(true)).toContain('**From a quick run.**')
    expect(page(false)).not.toContain('quick run')
  })

  test('each plot stands above a table of its figures, with a column for each server', () => {
    const { 'docs/performance.md': page = '', ...plots } = performancePage(made())
    expect(Object.keys(plots)).toHaveLength(5)
    for (const path of Object.keys(plots)) {
      const [, after = ''] = page.split(`](${path.replace('docs/', '')})`)
      expect(after.split('\n## ')[0]).toContain(`|  | ${peers.map(({ name }) => name).join(' | ')} |`)
    }
    expect(page).toContain('| code exchange | 11 | 11.5 (1.5×) |')
    expect(page).toContain('workers-oauth-provider accepts more than one')
  })

  test('a server without a figure has a dash in the table and a reason in the plot', () => {
    const { 'docs/performance.md': page = '', 'docs/performance/throughput.svg': plot = '' } = performancePage(made())
    expect(/\| refresh \|.*\| – \|/.test(page)).toBe(true)
    expect(plot).toContain('does not refresh')
    expect(plot).toContain('one connection: not run')
  })
})

describe('plots', () => {
  const { 'docs/performance.md': _, ...plots } = performancePage(made())

  test.each(Object.entries(plots))('%s can be read without seeing it, and in the dark', (_path, svg) => {
    expect(svg).toMatch(/role="img" aria-labelledby="t d">\n<title id="t">[^<]+<\/title>\n<desc id="d">[^<]+<\/desc>/)
    expect(svg).toContain('@media (prefers-color-scheme:dark)')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(unclosed(svg)).toEqual([])
  })

  test('the longest bar of a panel fills it, and the others are in proportion', () => {
    const bars = [{ name: 'a', value: 50 }, { name: 'b', value: 100 }, { name: 'c' }]
    const svg = barPanels('A & B', 'words', [{ title: 'one', bars }], String)
    const [half = 0, full = 0] = [...svg.matchAll(/class="bar" x="180" y="[\d.]+" width="([\d.]+)"/g)].map(
      ([, width]) => Number(width),
    )
    expect(half).toBeCloseTo(full / 2)
    expect(svg).toContain('A &amp; B')
    expect(svg).toContain('not measured')
  })

  test('labels that would lie on each other move apart in their order', () => {
    expect(apart([100, 20, 101], 10)).toEqual([100, 20, 110])
  })
})

/** Elements of an SVG that are not closed, or not in the right order. */
function unclosed(svg: string): string[] {
  const open: string[] = []
  for (const [, end, name = '', own] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (own === '/') continue
    if (end === '') open.push(name)
    else if (open.pop() !== name) return [name]
  }
  return open
}
