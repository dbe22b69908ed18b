import * as v from 'valibot'
import { isBesideTheAnswer } from '../blobs/beside-the-answer.ts'
import { type Browser, type BrowserFetch, createBrowser } from '../browser/jar.ts'
import type { Place } from './place.ts'

const operation = v.object({
  sequence: v.number(),
  method: v.string(),
  store: v.string(),
  key: v.string(),
})
const operations = v.object({ operations: v.array(operation) })

/** One store operation, as the Blobs emulator logged it. */
export type StoreOperation = v.InferOutput<typeof operation>

/** One HTTP request of the client or of the browser. */
export interface Exchange {
  readonly url: URL
  readonly status: number
  readonly milliseconds: number
  readonly response: Response
  /** The store operations during the request, without those in the background. */
  readonly operations: readonly StoreOperation[]
}

export interface Recorder {
  /** The `fetch` of the client. */
  readonly fetch: (input: string | URL, init?: RequestInit) => Promise<Response>
  /** The browser of the user. */
  readonly browser: Browser
  /** Returns the requests since the last call. */
  take(): readonly Exchange[]
  /** Returns all store operations so far that recorded the sign-in. No answer waits for them. */
  background(): Promise<readonly StoreOperation[]>
}

/**
 * Records every request with its time and with the store operations that the emulator logged meanwhile. It works for one
 * request at a time, so nothing else may use this world during the demo.
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
  return key.startsWith('users/') || key.startsWith('connections/') || isBesideTheAnswer(key)
}
