import { readAttemptCode } from '../../base/attempt-code.ts'
import { millisecondsOf, secondsOf } from '../../base/times.ts'
import type { Store, StoreValue } from '../../store/store.ts'
import { type AttemptStep, type ClientOfStep, type Patience, prefixOf } from './step.ts'
import { type AttemptStory, tellStory } from './story.ts'

/** Reads what became of attempts. Only admins may ask, and each question belongs into the audit log. */
export interface Attempts {
  /**
   * Returns the story of an attempt. `null`: the text is no code, or nothing is known about it: the attempt is older than they are
   * kept, or it stopped before the approval and its address was over the limit. Throws `StoreUnavailable`.
   *
   * @param code as the user says it, in any case, with or without separators
   */
  readAttempt(code: string, signal: AbortSignal): Promise<AttemptStory | null>
}

/** The most steps that are read. An attempt that goes well has about five, and one more for each day of use. */
const mostRead = 200

export function createAttempts(options: {
  readonly store: Pick<Store, 'get' | 'list'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly patience: Patience
}): Attempts {
  const { store, now, patience } = options
  return {
    async readAttempt(text, signal) {
      const code = readAttemptCode(text)
      if (code === null) return null
      const { keys } = await store.list(prefixOf(code), signal)
      const read = keys.slice(0, mostRead).map(async (key) => {
        const stored = await store.get(key, signal)
        return stored && stepOf(key.slice(prefixOf(code).length), stored.value)
      })
      const steps = (await Promise.all(read)).filter((step) => step !== null)
      return steps.length === 0 ? null : tellStory(code, steps, { now: now(), patience })
    },
  }
}

/** Reads a step from the rest of its key and its value. Returns `null` for a key of another form. */
function stepOf(name: string, value: StoreValue): AttemptStep | null {
  const [, time, step, outcome] = /^(\d+)\.([\w-]+)\.(ok|refused|failed)$/.exec(name) ?? []
  const { at, reason, detail, clientHash, client } = value
  const facts = {
    at: millisecondsOf(at) ?? millisecondsOf(Number(time)) ?? 0,
    reason: textOf(reason),
    detail: textOf(detail),
    clientHash: textOf(clientHash),
    client: typeof client === 'object' && client !== null ? clientOf(client) : undefined,
  }
  if (name === 'first-call') return { ...facts, step: name, outcome: 'ok' }
  if (step === undefined || (outcome !== 'ok' && outcome !== 'refused' && outcome !== 'failed')) return null
  return { ...facts, step: step.startsWith('call-') ? 'call' : step, outcome }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

function clientOf(client: object): ClientOfStep {
  const { name, verifiedHost, registeredAt, sendsTo } = client as { readonly [member: string]: unknown }
  return {
    name: textOf(name),
    verifiedHost: textOf(verifiedHost),
    registeredAt: secondsOf(registeredAt),
    sendsTo: textOf(sendsTo),
  }
}
