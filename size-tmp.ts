import { companyOf } from '/tmp/h/adminpages/lib/people/company.ts'
import { countedEvent, eventKey } from '/tmp/h/adminpages/lib/people/usage/event-key.ts'
import { personNameKey, companyNameKey, companyPersonKey, addressPersonKey, newPersonKey, clientNameKey } from '/tmp/h/adminpages/lib/people/usage/names.ts'
import { rollUp } from '/tmp/h/adminpages/lib/people/usage/roll-up.ts'
import { startOfDay, dayAfter, dayOfSlice } from '/tmp/h/adminpages/lib/people/usage/time.ts'
import { createReports } from '/tmp/h/adminpages/lib/people/reports/create-reports.ts'
import { startBlobsEmulator } from '/tmp/h/adminpages/dev/blobs/emulator.ts'
import { callOf, syntheticEvents, syntheticPseudonyms, syntheticStores, subOfPerson } from '/tmp/h/adminpages/dev/usage/synthetic.ts'
import { adminRoutes } from '/tmp/h/adminpages/lib/account/admin/admin-routes.ts'
import { defaultBrand } from '/tmp/h/adminpages/lib/pages/brand.ts'

const [calls, people] = [Number(process.argv[2]), Number(process.argv[3])]
const population = { calls, people, companies: people / 10, first: '20261001', days: Number(process.argv[4] ?? 90) }
const signal = new AbortController().signal
const t0 = performance.now(); const say = (x: string) => console.log(((performance.now() - t0) / 1000).toFixed(0), 's', x)
const emulator = await startBlobsEmulator()
const { store, events } = syntheticStores(emulator.clientOptions())
const source = syntheticPseudonyms(store, startOfDay(population.first))
const pseudonyms = await source.load(signal)
const value = (v: object) => Buffer.from(JSON.stringify({ nonce: 'synthetic', value: v }))
const empty = value({})
const seenPeople = new Set<string>(), clients = new Set<string>()
for (let i = 0; i < calls; i++) {
  const event = callOf(i, population)
  const company = companyOf(event.person ?? {})
  const counted = countedEvent(event, company?.id, pseudonyms)
  emulator.plant(syntheticEvents(dayOfSlice(counted.slice)), eventKey(counted), empty)
  const sub = event.sub as string
  if (!seenPeople.has(sub)) {
    seenPeople.add(sub)
    const c = company ? pseudonyms.company(company.id) : undefined
    const email = `person-${i}@${company?.domain}`
    emulator.plant('synthetic', `users/${sub}`, value({ email, emailVerified: true, firstSeenAt: event.at / 1000, lastSeenAt: event.at / 1000 }))
    emulator.plant('synthetic', personNameKey(pseudonyms.person(sub)), value({ sub, company: c, since: '20261001' }))
    emulator.plant('synthetic', newPersonKey(new Date(event.at).toISOString().slice(0, 10).replaceAll('-', ''), sub), empty)
    emulator.plant('synthetic', addressPersonKey(pseudonyms.address(email), sub), empty)
    if (c) { emulator.plant('synthetic', companyPersonKey(c, sub), empty); emulator.plant('synthetic', companyNameKey(c), value({ domain: company?.domain, firstSeenAt: 1 })) }
  }
  if (i % 5000 === 0) await new Promise(setImmediate)
}
say('planted')
const now = startOfDay(dayAfter(population.first, population.days)) + 3_600_000
for (;;) {
  const done = await rollUp({ store, events, pseudonyms: source, beingForgotten: async () => [], nameOf: async () => ({}), retention: { peopleDays: 400, days: 400 }, now: () => now, log: () => {} } as never, AbortSignal.timeout(60_000)).catch((e) => { say(String(e)); throw e })
  say(JSON.stringify(done)); if (done.finished) break
}
const reports = () => createReports({ store, events, pseudonyms: source, readUser: async (sub: string, s: AbortSignal) => (await store.get(`users/${sub}`, s))?.value ?? null, now: () => now, tools: ['tool_0', 'never'] } as never)
const routes = adminRoutes({ origin: 'https://x', brand: defaultBrand, reports, actions: { recordExport: async () => {} } as never, blocks: { list: async () => [] }, blockedBySetting: [], dead: { list: async () => ({ messages: [] }) }, auditEntries: async () => ({ entries: [] }), now: () => now })
const visit = (path: string, rest = '') => ({ url: new URL(`https://x${path}`), rest, request: new Request('https://x'), session: { sub: 'u_a' }, seal: () => 'x', signal, requestId: 'r' }) as never
const first = (await reports().companies({ range: { days: 90 }, limit: 1 }, signal)).rows[0]?.id ?? '-'
for (const days of [7, 90]) for (const [path, route, rest] of [['/admin'], ['/admin/new'], ['/admin/companies'], ['/admin/companies?order=name'], ['/admin/companies/x', '/admin/companies/*', first], ['/admin/people'], ['/admin/people/x', '/admin/people/*', subOfPerson(3)], ['/admin/clients'], ['/admin/tools'], ['/admin/sign-ins']] as string[][]) {
  const r = routes.find((one) => one.path === (route ?? path!.split('?')[0]))!
  const before = emulator.operations().length
  const t = performance.now(); const a = await r.get!(visit(`${path}${path!.includes('?') ? '&' : '?'}days=${days}`, rest)); const text = await a.text()
  console.log(String(days).padStart(3), path!.padEnd(30), a.status, (performance.now() - t).toFixed(0).padStart(6), 'ms', String(text.length).padStart(8), 'bytes', emulator.operations().length - before, 'operations', Math.round(process.memoryUsage().rss / 1e6), 'MB rss')
}
for (const what of ['people', 'usage']) {
  const r = routes.find((one) => one.path === '/admin/exports')!
  const t = performance.now(); const a = await r.post!.export!({ ...(visit('/admin/exports') as object), form: new Map(Object.entries({ what, days: '90', format: 'csv' })) } as never)
  let n = 0; const reader = a.body!.getReader(); let firstByte = 0
  try { for (;;) { const c = await reader.read(); if (c.done) break; if (!firstByte) firstByte = performance.now() - t; n += c.value.length } } catch (e) { console.log('broke off', String(e)) }
  console.log('export', what, (performance.now() - t).toFixed(0), 'ms, first byte', firstByte.toFixed(0), 'ms', n, 'bytes')
}
await emulator.stop()
