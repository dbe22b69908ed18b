import { setTimeout as delay } from 'node:timers/promises'
import { isProof, type Proof, type TwoWriters, writers } from '../../store/two-writers.ts'
import type { Asked } from './asked.ts'
import { badRequest } from './refusal.ts'
import type { AdminApiRoute } from './route.ts'

/** Tells `npm run doctor` what it cannot see from outside. It writes records below `health/` only (N33). */
export interface Doctor {
  /** Describes the settings of this instance and the services that it calls, without the value of any setting. */
  examine(request: Request, signal: AbortSignal): Promise<object>
  readonly writers: TwoWriters
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The routes for `npm run doctor`. A token that may read is enough, because no record that other code reads is changed. */
export function doctorRoutes(doctor: () => Promise<Doctor>): readonly AdminApiRoute[] {
  return [
    {
      ...{ method: 'GET', changes: false, path: '/doctor' },
      about: 'what this service sees of its settings and of the services behind it',
      answer: async ({ request, signal }) => (await doctor()).examine(request, signal),
    },
    {
      ...{ method: 'GET', changes: false, path: '/doctor/stream' },
      about: 'an event stream of three events, to see whether they arrive one by one',
      answer: async () => slowStream(),
    },
    {
      ...{ method: 'POST', changes: false, path: '/doctor/writers' },
      about: 'one part of the proof that exactly one of two writers wins: {"part":"begin"}, "race" or "end"',
      answer: async (asked) => writersPart(await doctor(), asked),
    },
  ]
}

async function writersPart({ writers: proofs, now }: Doctor, { body, signal }: Asked): Promise<object> {
  if (body.part === 'begin') return proofs.begin(signal)
  const proof = proofIn(body, now())
  if (body.part === 'end') return proofs.end(proof, signal)
  const by = writers.find((writer) => writer === body.writer)
  const { versions } = body
  if (body.part !== 'race' || by === undefined || !isVersions(versions)) throw notAPart
  return proofs.race({ ...proof, versions }, by, signal)
}

function proofIn({ id, until }: Asked['body'], now: number): Proof {
  if (typeof id !== 'string' || typeof until !== 'number' || !isProof({ id, until }, now)) throw notAPart
  return { id, until }
}

const isVersions = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length <= mostVersions &&
  value.every((version: unknown) => typeof version === 'string' && /^[\x21\x23-\x7e]{1,200}$/.test(version))
const mostVersions = 16

const notAPart = badRequest('the body must be a part of a proof that "begin" began: only npm run doctor sends it')

/** Milliseconds between the events. */
const pause = 150

/** Sends three events with pauses. A proxy that buffers answers delivers all events at the end. */
function slowStream(): Response {
  const encoder = new TextEncoder()
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent > 0) await delay(pause)
      sent += 1
      controller.enqueue(encoder.encode(`event: doctor\ndata: ${sent}\n\n`))
      if (sent === 3) controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
