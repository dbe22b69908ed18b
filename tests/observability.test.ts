import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../dev/repository.ts'
import { error, levels, rankOf, warn } from '../lib/base/log-level.ts'
import { routes } from '../lib/service/telemetry.ts'
import { type Instrument, instruments } from '../lib/telemetry/instruments.ts'
import { createRoutes } from '../lib/telemetry/routes.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

const alerts = read('docs/observability/alerts.yaml')
const dashboard = read('docs/observability/dashboard.json')
const operations = read('docs/operations.md')
const code = readdirSync(join(repository, 'lib/telemetry'))
  .map((name) => read(`lib/telemetry/${name}`))
  .concat(read('lib/service/gauges.ts'))
  .join('\n')

const found = (text: string, pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))]

/** The names of a metric in Prometheus, as it translates those of OpenTelemetry. */
function prometheusNames(name: string, { kind, unit }: Instrument): readonly string[] {
  const base = name.replaceAll('.', '_') + (unit === 's' ? '_seconds' : '')
  if (kind === 'counter') return [`${base}_total`]
  return kind === 'gauge' ? [base] : ['_bucket', '_count', '_sum'].map((suffix) => base + suffix)
}

const metrics = new Map(Object.entries(instruments).map(([name, one]) => [name, prometheusNames(name, one)]))

describe.each([
  ['the alert rules', alerts, alerts.replaceAll(/^\s*(?:#|summary:|runbook:).*$/gm, '')],
  [
    'the dashboard',
    dashboard,
    found(dashboard, /"(?:expr|query)": "((?:\\.|[^"\\])*)"/g)
      .join('\n')
      .replaceAll('\\"', '"'),
  ],
])('%s', (_what, whole, expressions) => {
  const recorded = found(alerts, /record: (\S+)/g)

  test('name metrics that the service sends, and no other', () => {
    const known = new Set([...metrics.values()].flat())
    const named = found(expressions, /\b((?:mcp_oauth|mcp|http|db)(?:_[a-z]+)+(?::\w+)*)\b(?=[{[) ]|:|$)/gm)
    const others = named.filter((name) => !known.has(name) && !labels.has(name) && !recorded.includes(name))
    expect(named.length).toBeGreaterThan(8)
    expect(others.filter((name) => !recorded.some((known) => known.startsWith(name)))).toEqual([])
  })

  test('select by attributes that the service sends, and by values that it can have', () => {
    const selected = [...expressions.matchAll(/(\w+)(?:=|!=|=~|!~)"([^"]*)"/g)]
    expect(selected.length).toBeGreaterThan(5)
    const grouped = [...expressions.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '))
    const shown = found(whole, /\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)
    expect([...grouped, ...shown].filter((label) => !labels.has(label))).toEqual([])
    const events = found(operations, /^\| `([a-z_]+)` \|/gm)
    for (const [, label = '', values = ''] of selected) {
      expect(labels.has(label), label).toBe(true)
      if (label === 'mcp_oauth_event') {
        const pattern = new RegExp(`^(?:${values})$`)
        for (const value of values.split('|'))
          expect(
            events.some((event) => new RegExp(`^${value}$`).test(event)),
            value,
          ).toBe(true)
        expect(events.filter((event) => pattern.test(event)).length).toBeGreaterThan(0)
      }
      if (!['mcp_oauth_outcome', 'mcp_oauth_step', 'mcp_oauth_state', 'error_type'].includes(label)) continue
      // Kinds of failures are not in this code, but in the log, whose page names them in bold.
      for (const value of values.split('|').filter((value) => value !== '')) {
        expect(label === 'error_type' ? operations : code, value).toMatch(new RegExp(`['*]${value}['*]`))
      }
    }
  })
})

/** The attributes in the code, as labels of Prometheus, and those that it makes itself. */
const labels = new Set([
  ...found(code, /'((?:[a-z_]+\.)+[a-z_]+)'/g).map((name) => name.replaceAll('.', '_')),
  ...['job', 'le', 'severity'],
])

test('every metric is in an alert or on the dashboard', () => {
  const unused = [...metrics].filter(([, names]) => !names.some((name) => (alerts + dashboard).includes(name)))
  expect(unused.map(([name]) => name)).toEqual([])
})

test('the dashboard has one panel for each subject, and each panel a place of its own', () => {
  const { panels } = JSON.parse(dashboard)
  const places = panels.map(({ gridPos: { x, y } }: { gridPos: { x: number; y: number } }) => `${x} ${y}`)
  expect(new Set(places).size).toBe(panels.length)
  expect(panels.length).toBeGreaterThan(15)
})

test('every alert has its part of the runbook, which says what it means, what to look at and what to do', () => {
  const runbook = read('docs/runbook.md')
  const names = found(alerts, /- alert: (\w+)/g)
  expect(found(runbook, /^## (\w+)$/gm)).toEqual(names)
  expect([...alerts.matchAll(/runbook: docs\/runbook\.md#(\S+)/g)].map(([, anchor]) => anchor)).toEqual(
    names.map((name) => name.toLowerCase()),
  )
  for (const part of runbook.split(/^## /m).slice(1)) {
    for (const word of ['Means', 'Look at', 'Do']) expect(part).toContain(`**${word}:**`)
  }
  // Each event that it names exists, and each panel.
  const events = found(operations, /^\| `([a-z_]+)` \|/gm)
  const named = found(runbook, /`([a-z]+(?:_[a-z]+)+)`/g).filter((name) => !/^(?:store_|trace_id)/.test(name))
  expect(named.filter((name) => !events.includes(name))).toEqual([])
  const titles: readonly string[] = JSON.parse(dashboard).panels.map(({ title }: { title: string }) => title)
  const panels = found(runbook, /(?<!\*)\*([A-Z][^*]+)\*(?!\*)/g)
  expect(panels.filter((panel) => !titles.some((title) => title.startsWith(panel)))).toEqual([])
})

test('every alert is tried in a drill: its part of the runbook names every drill whose first comment names the alert', () => {
  const drills = readdirSync(join(repository, 'tests/drills')).filter((name) => name.endsWith('.drill.ts'))
  const trying = drills.flatMap((drill) => {
    const [, names = ''] = /^ \* Alerts: ([^.]*)\.$/m.exec(read(`tests/drills/${drill}`)) ?? []
    return (names.match(/\w+/g) ?? []).map((name) => `${name}: ${drill}`)
  })
  const parts = read('docs/runbook.md').split(/^## /m).slice(1)
  const named = parts.flatMap((part) => {
    const [, triedIn = ''] = part.split('\n**Tried in:** ')
    const named = found(triedIn, /\.\.\/tests\/drills\/([\w.-]+)/g)
    const [name = ''] = part.split('\n')
    expect(named, name).not.toEqual([])
    return named.map((drill) => `${name}: ${drill}`)
  })
  expect(named.toSorted()).toEqual(trying.toSorted())
})

test('observability.md has the table of metrics', () => {
  const rows = Object.entries(instruments).map(
    ([name, { kind, unit, description }]) => `| \`${name}\` | ${kind} | ${unit === '' ? '–' : unit} | ${description} |`,
  )
  const table = ['| metric | kind | unit | what it says |', '|---|---|---|---|', ...rows].join('\n')
  expect(read('docs/observability.md')).toContain(`<!-- metrics -->\n${table}\n\n<!-- end of metrics -->`)
})

test('operations.md has the table of levels, and every word of it is in the name of an event', () => {
  const events = found(operations, /^\| `([a-z_]+)` \|/gm)
  for (const [level, words] of [
    ['error', error],
    ['warn', warn],
  ] as const) {
    const [, row = ''] = new RegExp(`^\\| ${level} \\| ([^|]*) \\|`, 'm').exec(operations) ?? []
    expect(found(row, /`([a-z_]+)`/g)).toEqual(words.source.split('|'))
    for (const word of words.source.split('|')) {
      expect(
        events.filter((event) => event.includes(word) && levels[rankOf(event)] === level),
        word,
      ).not.toEqual([])
    }
  }
})

test('every path of a function has a route, and an unknown path has none', () => {
  const routeOf = createRoutes(routes)
  const paths = readdirSync(join(repository, 'netlify/functions')).flatMap((name) =>
    found(read(`netlify/functions/${name}`), /'(\/[^']*)'/g),
  )
  expect(paths.length).toBeGreaterThan(40)
  const without = paths.filter((path) => routeOf(`https://docs.example${path.replace('*', 'x')}`) === undefined)
  expect(without).toEqual([])
  for (const path of ['/user@example.com', '/oauth/token/x', '/mcpx', '/accountx']) {
    expect(routeOf(`https://docs.example${path}`), path).toBeUndefined()
  }
  expect(routeOf('https://docs.example/admin/people/u_x/end?email=a@b.example')).toBe('/admin/*')
})
