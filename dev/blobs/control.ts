import * as v from 'valibot'
import type { FaultInput } from './faults.ts'
import { type EtagMode, etagModes, type Method } from './protocol.ts'

/** No site id starts like this, so the Blobs protocol cannot reach it. */
export const controlPrefix = '/__emulator/'

/** One request as the emulator decided it, in the order of decisions. */
export interface Operation {
  readonly sequence: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly method: Method
  /** The store's name without `site:`. */
  readonly store: string
  /** For `LIST`, the prefix. */
  readonly key: string
  /** 0: no answer was given. */
  readonly status: number
  /** Whether it came to the listener that may answer from a cache. */
  readonly cached: boolean
}

/** The controls of a running emulator, for a test, the demo or the benchmark, in process or over HTTP. */
export interface EmulatorControls {
  /** The operations with a sequence number above `after`; older ones than the last 10,000 may be missing. */
  operations(after?: number): readonly Operation[]
  /** @throws ValiError if the fault is not well formed */
  addFault(fault: FaultInput): void
  clearFaults(): void
  /** Milliseconds before each operation is decided. */
  setLatency(milliseconds: number): void
  /** The age in milliseconds of the answers of the cached listener. */
  setStaleness(milliseconds: number): void
  setEtags(mode: EtagMode): void
  /** Removes every blob and fault, empties the log, and undoes every setting. Sequence numbers go on. */
  reset(): void
}

const milliseconds = v.strictObject({
  milliseconds: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(600_000)),
})
const etags = v.strictObject({ mode: v.picklist(etagModes) })

/**
 * The controls over HTTP: `GET operations?after=<sequence>`, `POST` and `DELETE faults`, `POST latency`, `staleness`
 * (`{"milliseconds": n}`), `etags` (`{"mode": …}`) and `reset`. The caller has checked the bearer token.
 */
export function control(controls: Omit<EmulatorControls, 'addFault'> & { addFault(fault: unknown): void }) {
  const routes: { readonly [route: string]: (url: URL, body: string) => object | undefined } = {
    'GET operations': (url) => ({ operations: controls.operations(Number(url.searchParams.get('after') ?? 0)) }),
    'POST faults': (_url, body) => void controls.addFault(JSON.parse(body)),
    'DELETE faults': () => void controls.clearFaults(),
    'POST latency': (_url, body) => void controls.setLatency(v.parse(milliseconds, JSON.parse(body)).milliseconds),
    'POST staleness': (_url, body) => void controls.setStaleness(v.parse(milliseconds, JSON.parse(body)).milliseconds),
    'POST etags': (_url, body) => void controls.setEtags(v.parse(etags, JSON.parse(body)).mode),
    'POST reset': () => void controls.reset(),
  }
  return (method: string, target: string, body: string): { readonly status: number; readonly body: string } => {
    const url = new URL(target, 'http://emulator')
    const route = routes[`${method} ${url.pathname.slice(controlPrefix.length)}`]
    if (route === undefined) return { status: 404, body: '' }
    try {
      const result = route(url, body)
      return result === undefined ? { status: 204, body: '' } : { status: 200, body: JSON.stringify(result) }
    } catch (error) {
      return { status: 400, body: JSON.stringify({ error: String(error) }) }
    }
  }
}
