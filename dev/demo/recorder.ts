import * as v from 'valibot'
import { type Browser, type BrowserFetch, createBrowser } from '../browser/jar.ts'
import type { Place } from './place.ts'

const operation = v.object({
  sequence: v.number(),
  method: v.string(),
  store: v.string(),
  key: v.string(),
})
const operations = v.object({ operations: v.array(operation) })

/** One operation of the store, as the Blobs emulator has logged it. */
export type StoreOperation = v.InferOutput<typeof operation>

/** One request over HTTP, of the client or of the browser. */
export interface Exchange {
  readonly url: URL
  readonly status: number
  readonly milliseconds: number
  readonly response: Response
  /** What the store was asked meanwhile, but for what happened in the background. */
  readonly operations: readonly StoreOperation[]
}

export interface Recorder {
  /** For the client. */
  readonly fetch: (input: string | URL, init?: RequestInit) => Promise<Response>
  /** For the person. */
  readonly browser: Browser
  /** What was requested since the last call. */
  take(): readonly Exchange[]
  /** Everything so far that recording who signed in has asked of the store, which nobody waits for. */
  background(): Promise<readonly StoreOperation[]>
}

/**
 * Records every request, with its time and with what the emulator's log says that the store was asked meanwhile. For one
 * request at a time: nobody else uses this world during the demo.
 */
export async function createRecorder({ blobs }: Place): Promise<Recorder> {
  let exchanges: Exchange[] = []
  const background: StoreOperation[] = []
  let seen = 0

  async function takeOperations(): Promise<readonly StoreOperation[]> {
    const response = await fetch(`${blobs.uncachedEdgeURL}/__emulator/operations?after=${seen}`, {
      headers: { authorization: `Bearer ${blobs.token}` },
    })
    const logged = v.parse(operations, await response.json()).operations
    seen = logged.at(-1)?.sequence ?? seen
    background.push(...logged.filter(isBackground))
    return logged.filter((operation) => !isBackground(operation))
  }

  async function record(input: string | URL, send: () => Promise<Response>): Promise<Response> {
    const began = performance.now()
    const response = await send()
    const milliseconds = performance.now() - began
    const recorded = { url: new URL(input), status: response.status, milliseconds, response: response.clone() }
    exchanges.push({ ...recorded, operations: await takeOperations() })
    return response
  }

  await takeOperations()
  background.length = 0
  const { fetch: open, cookies } = createBrowser()
  const browse: BrowserFetch = (url, init) => record(url, () => open(url, init))
  return {
    fetch: (url, init) => record(url, () => fetch(url, init)),
    browser: { fetch: browse, cookies },
    take() {
      const taken = exchanges
      exchanges = []
      return taken
    },
    async background() {
      await takeOperations()
      return background
    },
  }
}

function isBackground({ key }: StoreOperation): boolean {
  return key.startsWith('users/') || key.startsWith('connections/')
}
