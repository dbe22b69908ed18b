import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { openContents } from './contents.ts'
import { control, controlPrefix, type EmulatorControls, type Operation } from './control.ts'
import { createFaults } from './faults.ts'
import { type Answer, answer, type BlobsRequest, type EtagMode, parseBlobsRequest, toId } from './protocol.ts'

/** At least so many of the newest operations stay in the log. */
const operationsKept = 10_000
/** Milliseconds between two bytes. No record arrives before a deadline. */
const slowInterval = 20

/** The site and the token of the local world. They guard only listeners on loopback. */
export const localSite = { siteID: 'local-site', token: 'local-blobs-token' } as const

export interface EmulatorOptions {
  /** Both free ports if left out. */
  readonly ports?: { readonly edge: number; readonly uncached: number }
  /** Keeps the blobs here, across a kill at any instant. In memory only if left out. */
  readonly directory?: string
  /** Entries in one page of a list; 1,000 as in production if left out. */
  readonly pageSize?: number
  readonly siteID?: string
  readonly token?: string
}

export interface BlobsEmulator extends EmulatorControls {
  /** The options for `getStore`. */
  clientOptions(): {
    readonly siteID: string
    readonly token: string
    readonly edgeURL: string
    readonly uncachedEdgeURL: string
  }
  /** Base64 JSON with the names of `NETLIFY_BLOBS_CONTEXT` and those of the `blobs` field of a function's event. */
  context(): string
  /** The truth about one key of a site's store, past every fault, and not logged. */
  inspect(store: string, key: string): { readonly body: string; readonly etag: string } | null
  /** Puts a blob there, past every fault, and not logged: quicker than a request, for very many. */
  plant(store: string, key: string, body: Buffer): void
  /** How many requests a fault has struck. */
  faultsStruck(): number
  stop(): Promise<void>
}

/**
 * An emulator of Netlify Blobs as `@netlify/blobs` speaks to it from a function: two listeners on 127.0.0.1, one that
 * may answer from a cache and one that never does. Its conditional writes are atomic, which those of the official
 * local server are not.
 *
 * @throws Error if a port is in use or the directory cannot be read
 */
export async function startBlobsEmulator(options: EmulatorOptions = {}): Promise<BlobsEmulator> {
  const { siteID = localSite.siteID, token = localSite.token, pageSize = 1000 } = options
  const contents = openContents(options.directory)
  const faults = createFaults()
  const stopping = new AbortController()
  let operations: Operation[] = []
  let sequence = 0
  let latency = 0
  let etags: EtagMode = 'strong'

  const controls: EmulatorControls = {
    operations: (after = 0) => operations.filter((operation) => operation.sequence > after),
    addFault: faults.add,
    clearFaults: faults.clear,
    setLatency: (milliseconds) => {
      latency = milliseconds
    },
    setStaleness: contents.setStaleness,
    setEtags: (mode) => {
      etags = mode
    },
    reset() {
      contents.clear()
      contents.setStaleness(0)
      faults.clear()
      operations = []
      latency = 0
      etags = 'strong'
    },
  }
  const handleControl = control({ ...controls, addFault: faults.add })

  async function handle(request: IncomingMessage, response: ServerResponse, cached: boolean): Promise<void> {
    const { method = '', url = '' } = request
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
      return void response.end('The Netlify Blobs emulator of the local world: it answers with its token only.\n')
    }
    const body = await bodyOf(request)
    if (url.startsWith(controlPrefix)) {
      const result = handleControl(method, url, body.toString())
      return void response.writeHead(result.status, { 'content-type': 'application/json' }).end(result.body)
    }
    const blobsRequest = parseBlobsRequest(method, url)
    if (blobsRequest === null) return void response.writeHead(400).end()
    if (blobsRequest.site !== siteID) return void response.writeHead(403).end()
    if (latency > 0) await delay(latency, undefined, { signal: stopping.signal })
    decide(blobsRequest, request, response, body, cached)
  }

  /** Synchronous: the order of the log is the order in which requests took effect. */
  function decide(
    request: BlobsRequest,
    { headers }: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    cached: boolean,
  ): void {
    const fault = faults.take(request.method, request.key)
    const spared = fault === undefined || fault.action === 'slow' || fault.when === 'after'
    const truth = spared ? answer(contents, request, headers, body, cached, { etags, pageSize }) : undefined
    switch (fault?.action) {
      case 'status':
        log(request, fault.status, cached)
        return void response.writeHead(fault.status).end()
      case 'drop':
        log(request, 0, cached)
        return void response.destroy()
      case 'hang':
        log(request, 0, cached)
        return
    }
    if (truth === undefined) return
    log(request, truth.status, cached)
    if (fault?.action === 'slow') trickle(truth, response)
    else response.writeHead(truth.status, truth.headers).end(truth.body)
  }

  function log({ method, store, key }: BlobsRequest, status: number, cached: boolean): void {
    sequence += 1
    operations.push({ sequence, time: Date.now(), method, store: store.replace(/^site:/, ''), key, status, cached })
    if (operations.length >= 2 * operationsKept) operations = operations.slice(-operationsKept)
  }

  const serve = (cached: boolean) =>
    createServer((request, response) => {
      handle(request, response, cached).catch(() => {
        // The caller went away, the emulator stops, or the disk is full: in each case nothing was written.
        if (response.headersSent) response.destroy()
        else response.writeHead(500).end()
      })
    })
  const edge = serve(true)
  const uncached = serve(false)
  async function stop(): Promise<void> {
    stopping.abort()
    await Promise.all([close(edge), close(uncached)])
    contents.close()
  }
  const [edgeURL, uncachedEdgeURL] = await Promise.all([
    listen(edge, options.ports?.edge ?? 0),
    listen(uncached, options.ports?.uncached ?? 0),
  ]).catch(async (error) => {
    await stop()
    throw error
  })
  const client = { siteID, token, edgeURL, uncachedEdgeURL }

  return {
    ...controls,
    clientOptions: () => client,
    context() {
      const event = { url: client.edgeURL, url_uncached: client.uncachedEdgeURL, primary_region: 'us-east-2' }
      return Buffer.from(JSON.stringify({ ...client, primaryRegion: 'us-east-2', ...event })).toString('base64')
    },
    plant(store, key, body) {
      contents.write(toId(siteID, `site:${store}`, key), body, undefined)
    },
    faultsStruck: faults.struck,
    inspect(store, key) {
      const blob = contents.read(toId(siteID, `site:${store}`, key), false)
      return blob === undefined ? null : { body: blob.body.toString(), etag: blob.etag }
    },
    stop,
  }
}

/** Reads a body, with less work than `node:stream/consumers`: a test may send a million. */
function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => request.readableEnded || reject(new Error('the caller went away')))
  })
}

/** Sends the head at once and the body byte by byte. An empty body becomes an endless one. */
function trickle({ status, headers, body }: Answer, response: ServerResponse): void {
  // A 204 could not be slow: it ends with its head.
  response.writeHead(status === 204 ? 200 : status, headers)
  response.flushHeaders()
  let sent = 0
  const timer = setInterval(() => {
    if (body !== undefined && sent >= body.length) response.end()
    else response.write(body?.subarray(sent, sent + 1) ?? ' ')
    sent += 1
  }, slowInterval)
  response.on('close', () => clearInterval(timer))
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'))
      resolve(`http://127.0.0.1:${address.port}`)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
