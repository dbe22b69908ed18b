import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import type { Platform } from './options.ts'
import type { Match } from './routes.ts'

/** The limit of Netlify's synchronous functions. Milliseconds. */
const functionTimeout = 60_000

const preludeSchema = v.object({
  statusCode: v.number(),
  multiValueHeaders: v.optional(v.record(v.string(), v.array(v.string())), {}),
  headers: v.optional(v.record(v.string(), v.string()), {}),
})

type Handler = (event: unknown, stream: PassThrough, context: unknown) => Promise<void>

const entryPoint = v.object({
  handler: v.custom<Handler>((value) => typeof value === 'function'),
})

/** How a request has reached the service. Only the platform knows this: a caller can write anything into headers. */
export interface Arrival {
  /** The address that the caller asked for. Its host decides which endpoints answer. */
  readonly url: URL
  /** The network address of the caller. */
  readonly address: string
}

/** An answer that needs no function. */
export interface EarlyAnswer {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a function learns about its caller. */
export interface Caller extends Arrival {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

/** The two functions that the Lambda runtime adds to the global scope and Netlify's bootstrap uses. */
export function provideLambdaRuntime(): void {
  Object.assign(globalThis, {
    awslambda: {
      streamifyResponse: (handler: Handler) => handler,
      HttpResponseStream: {
        from(stream: PassThrough, prelude: unknown) {
          stream.emit('prelude', prelude)
          return stream
        },
      },
    },
  })
}

/**
 * Loads a function at its first request through Netlify's own entry point, as a new instance does. A function that
 * fails to load stays broken until this host ends.
 */
export async function loadHandler(directory: string, name: string): Promise<Handler> {
  const file = join(directory, name, '___netlify-entry-point.mjs')
  return v.parse(entryPoint, await import(pathToFileURL(file).href)).handler
}

/** Makes the event that the platform's edge sends to a function. */
export function toEvent(
  { url, address, method, headers, body }: Caller & { readonly body: Buffer },
  match: Match,
  { blobs, deploy }: Platform,
) {
  return {
    rawUrl: url.href,
    path: url.pathname,
    httpMethod: method,
    headers: {
      ...headers,
      'x-nf-client-connection-ip': address,
      'x-nf-request-id': randomUUID(),
      'x-nf-account-id': 'local',
      'x-nf-site-id': blobs.siteID,
      'x-nf-deploy-id': deploy.id,
      'x-nf-deploy-context': deploy.context,
      'x-nf-deploy-published': deploy.published ? '1' : '0',
      'x-nf-branch': deploy.branch,
    },
    body: body.length > 0 ? body.toString('base64') : undefined,
    isBase64Encoded: true,
    route: match.route,
    flags: {},
    invocationMetadata: { function_name: match.name, branch: deploy.branch },
    blobs: Buffer.from(
      JSON.stringify({
        url: blobs.edgeURL,
        url_uncached: blobs.uncachedEdgeURL,
        token: blobs.token,
        primary_region: 'us-east-2',
      }),
    ).toString('base64'),
  }
}

export type PlatformEvent = ReturnType<typeof toEvent>

/**
 * Runs one invocation and streams its answer. Resolves when the function has finished, including `waitUntil`, which may
 * be long after the answer.
 *
 * @param response null for a scheduled function, whose answer is dropped
 * @throws the error of the function, or an error if it did not answer in time; the caller answers 502 if nothing was
 * sent
 */
export async function invoke(handler: Handler, event: PlatformEvent, response: ServerResponse | null): Promise<void> {
  const stream = new PassThrough()
  const started = performance.now()
  let answered = false
  stream.once('prelude', (raw: unknown) => {
    answered = true
    const { statusCode, headers, multiValueHeaders } = v.parse(preludeSchema, raw)
    if (!response) return void stream.resume()
    for (const [name, value] of Object.entries({ ...headers, ...multiValueHeaders })) {
      // The bootstrap writes this for the edge; callers do not get it.
      if (!name.startsWith('x-nf-')) response.setHeader(name, value)
    }
    response.setHeader('x-nf-request-id', event.headers['x-nf-request-id'])
    response.writeHead(statusCode)
    response.flushHeaders()
    stream.pipe(response)
  })
  // A function continues when its caller disconnects. Its remaining output is read and dropped.
  response?.once('close', () => stream.unpipe(response).resume())
  const finished = handler(event, stream, {
    awsRequestId: randomUUID(),
    clientContext: {},
    getRemainingTimeInMillis: () => Math.max(0, functionTimeout - (performance.now() - started)),
  })
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    if (!response?.writableEnded) timeout.reject(new Error(`no complete answer after ${functionTimeout / 1000} s`))
  }, functionTimeout)
  try {
    await Promise.race([finished, timeout.promise])
    if (!answered) throw new Error('the function ended without an answer')
  } finally {
    clearTimeout(timer)
  }
}
