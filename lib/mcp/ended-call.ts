import type { Call } from '../base/call.ts'
import type { AccessToken } from '../resource-server/bearer.ts'

/** A call of a tool that has ended, by a known user or an anonymous caller. */
export interface EndedCall {
  /** Milliseconds since the epoch: when it ended. */
  readonly at: number
  /** `undefined`: the caller is anonymous. */
  readonly token: AccessToken | undefined
  /** A name of the list of tools, otherwise `unknown`. */
  readonly tool: string
  /** `ok`, `cancelled`, the code of a failure, or the reason of a refusal. */
  readonly outcome: string
  /** The caller was refused, or asked for something that no tool could do. */
  readonly refused: boolean
  readonly milliseconds: number
}

/** Records a call after its answer. Never rejects. */
export type RecordCall = (call: EndedCall) => Promise<void>

/** A call of a tool that is being answered. Whatever happens to it, it is recorded once. */
export interface RunningCall {
  /** The tool runs from now on, and will say how it ended. */
  run(): void
  readonly running: boolean
  /** Records the outcome. Only the first counts. */
  end(outcome: string): void
  refuse(reason: string): void
}

/** Codes of failures that say that the client asked for something impossible. */
const clientsFault = /^(?:missing_|invalid_|unknown_|too_many_)|_too_long$/

/** Begins a call. Its record is part of the request from now on: the platform waits for it, even if the answer has gone out. */
export function beginCall(
  record: RecordCall,
  { token, tool, now }: { token: AccessToken | undefined; tool: string; now: () => number },
  { waitUntil }: Pick<Call, 'waitUntil'>,
): RunningCall {
  const { promise, resolve } = Promise.withResolvers<void>()
  waitUntil(promise)
  const began = performance.now()
  let [running, ended] = [false, false]

  function settle(outcome: string, refused: boolean): void {
    if (ended) return
    ended = true
    resolve(record({ at: now(), token, tool, outcome, refused, milliseconds: performance.now() - began }))
  }

  return {
    run() {
      running = true
    },
    get running() {
      return running
    },
    end: (outcome) => settle(outcome, clientsFault.test(outcome)),
    refuse: (reason) => settle(reason, true),
  }
}
