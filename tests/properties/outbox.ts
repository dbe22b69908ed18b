import fc from 'fast-check'
import { createOutboxSeals, createTestReceiver, isKilled, storeOfKilled } from '../../dev/worlds/outbox.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { listDead, replayAll } from '../../lib/people/outbox/dead.ts'
import { firstSeen } from '../../lib/people/outbox/events.ts'
import { createOutbox } from '../../lib/people/outbox/outbox.ts'
import { runWebhooks } from '../../lib/people/outbox/run.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'
import { property } from './property.ts'

/** What the receiver does with a POST. */
const conducts = {
  accepts: () => ({ status: 200 }),
  down: () => ({ status: 503 }),
  waits: () => ({ status: 429, headers: { 'retry-after': '7200' } }),
  refuses: () => ({ status: 422 }),
  moved: () => ({ status: 302, headers: { location: '/elsewhere' } }),
  gone: () => ({ status: 410 }),
  unreachable: () => 'refused connection' as const,
  forgets: () => 'lost answer' as const,
}
const conduct = fc.constantFrom(...(Object.keys(conducts) as (keyof typeof conducts)[]))

/** Where a process is killed, in operations of the store, and whether the last of them takes effect. */
const kill = fc.option(fc.record({ at: fc.nat(12), effect: fc.boolean() }), { nil: undefined })

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('enqueue' as const), kill }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), kill, hours: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay' as const), kill }) },
)

const { signal } = new AbortController()
const seals = createOutboxSeals()

/**
 * However the receiver behaves and whenever a process is killed: a message that is in the store was accepted by the receiver, or
 * waits, or is dead and visible. In the end it was accepted or is dead. It has one id.
 */
export const outboxLosesNothing = property({
  name: 'the outbox loses no message',
  cases: 150,
  values: fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 20 }),
    conduct: fc.array(conduct, { minLength: 1, maxLength: 12 }),
  }),
  async holds({ steps, conduct }) {
    const store = createMemoryStore()
    const receiver = createTestReceiver()
    const { now } = receiver
    const webhook = { url: 'https://crm.example.com/', secrets: [] }
    const parts = { ...seals, webhook, now, log: recorded(), fetch: receiver.fetch }
    let call = 0
    receiver.behave(() => conducts[conduct[call++ % conduct.length] ?? 'accepts']())
    const killable = async (
      at: { at: number; effect: boolean } | undefined,
      work: (of: typeof store) => Promise<unknown>,
    ) => {
      await work(at ? storeOfKilled(store, at.at, at.effect) : store).catch((error: unknown) => {
        if (!isKilled(error)) throw error
      })
    }
    const listed = async (prefix: string) =>
      (await store.list(prefix, signal)).keys.map((key) => /msg_[\w-]+/.exec(key)?.[0])
    const known = new Set<string | undefined>()
    const check = async () => {
      const kept = [...(await listed('outbox/')), ...(await listed('dead-webhooks/'))]
      for (const id of kept) known.add(id)
      const safe = new Set([...receiver.arrivals.map(({ id }) => id), ...kept])
      for (const id of known) if (!safe.has(id)) throw new Error(`${id} was lost`)
    }

    for (const [index, step] of steps.entries()) {
      if (step.kind === 'enqueue') {
        const sub = `u_${index}`
        const message = firstSeen({ sub, client: { hash: 'c' }, grant: 'g', at: now() / 1000 }, undefined, undefined)
        await killable(step.kill, async (of) => {
          const outbox = createOutbox({ ...parts, store: of })
          await (await outbox.enqueue(message, signal)).deliver(signal)
        })
      } else if (step.kind === 'run') {
        receiver.pass(step.hours * 3600 + 600)
        await killable(step.kill, (of) => runWebhooks({ ...parts, store: of }, signal))
      } else await killable(step.kill, (of) => replayAll({ ...parts, store: of }, signal))
      await check()
    }
    for (let hours = 0; hours <= 100; hours += 2) {
      receiver.pass(7200)
      await runWebhooks({ ...parts, store }, signal)
    }
    await check()
    if ((await listed('outbox/')).length > 0) throw new Error('a message waits for longer than three days')
    const dead = (await listDead({ ...parts, store }, signal)).messages
    if (dead.length !== (await listed('dead-webhooks/')).length) throw new Error('a dead message is not visible')
  },
})
