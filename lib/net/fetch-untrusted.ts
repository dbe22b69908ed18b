import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { isIP, type LookupFunction, type TcpNetConnectOpts } from 'node:net'
import { readBody } from '../base/body.ts'
import { startDeadline, untilAborted } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { measured } from '../base/telemetry.ts'
import { type Resolve, type ResolvedAddress, resolveLocalName, resolvePublicName } from './resolve.ts'
import { isLocalName, isLoopback, isPubliclyRoutable } from './special-use.ts'

export interface FetchUntrustedOptions {
  /** The `Accept` header. */
  readonly accept: string
  readonly userAgent: string
  /** The most bytes of a body; a longer one is refused. */
  readonly maxBytes: number
  /** Milliseconds for everything, name resolution included. */
  readonly timeout?: number
  /** The caller's own deadline. */
  readonly signal?: AbortSignal
  /** Exact origins of the local world, `https://localhost:9443`: any port, and loopback addresses only. */
  readonly localOrigins?: readonly string[]
  /** PEM certificates that authenticate `localOrigins`, instead of the public ones. */
  readonly certificateAuthorities?: readonly string[]
  /** Instead of DNS. */
  readonly resolve?: Resolve
}

export interface FetchedResource {
  readonly status: number
  readonly headers: Headers
  /** Lower case, without parameters. Empty if there is no content type, or more than one. */
  readonly contentType: string
  readonly body: Uint8Array
}

export type FetchRefusal =
  /** The URL does not parse, or holds a user name. */
  | 'url'
  | 'scheme'
  | 'port'
  /** The name or an address is not on the public internet. */
  | 'address'
  | 'redirect'
  /** The body is compressed, although the request did not allow it. */
  | 'encoding'
  | 'size'
  /** The host does not exist, cannot be reached, or did not answer in time. */
  | 'dns'
  | 'network'
  | 'timeout'

/** The fetch was refused. `message` is safe to log: it never holds what the other side sent. */
export class FetchRefused extends Error {
  override readonly name = 'FetchRefused'
  readonly reason: FetchRefusal

  constructor(reason: FetchRefusal, cause?: unknown) {
    super(`fetch refused: ${reason}${errorCode(cause)}`)
    this.reason = reason
  }
}

/**
 * Fetches a URL that a stranger chose (M-04 … M-06; MCP Security Best Practices, "SSRF"). The name is resolved once, every
 * address has to be public, and the connection goes to an address that was checked: a name server has no chance to answer
 * differently a second time. Returns any status but a redirect. Throws `FetchRefused` and nothing else.
 */
export function fetchUntrusted(url: string, options: FetchUntrustedOptions): Promise<FetchedResource> {
  // Telemetry learns nothing of the URL, and the other side nothing of the trace: strangers choose where this goes.
  return measured('published', 'GET', () => fetchChecked(url, options))
}

async function fetchChecked(url: string, options: FetchUntrustedOptions): Promise<FetchedResource> {
  const deadline = startDeadline(options.timeout ?? 5_000, options.signal)
  try {
    const target = checkedTarget(url, options.localOrigins ?? [])
    const addresses = await checkedAddresses(target, options, deadline.signal)
    return await get(target, addresses, options, deadline.signal)
  } catch (error) {
    if (error instanceof FetchRefused) throw error
    if (deadline.signal.aborted) throw new FetchRefused('timeout')
    throw new FetchRefused(isErrorCode(error, 'HPE_HEADER_OVERFLOW') ? 'size' : 'network', error)
  } finally {
    deadline.end()
  }
}

type Target = ReturnType<typeof checkedTarget>

function checkedTarget(raw: string, localOrigins: readonly string[]) {
  const url = URL.parse(raw)
  if (url?.username !== '' || url.password !== '') throw new FetchRefused('url')
  if (url.protocol !== 'https:') throw new FetchRefused('scheme')
  const local = localOrigins.includes(url.origin)
  if (url.port !== '' && !local) throw new FetchRefused('port')
  // `host` is without the brackets of an IPv6 literal.
  return { url, host: url.hostname.replace(/^\[|\]$/g, ''), local }
}

async function checkedAddresses(
  { host, local }: Target,
  options: FetchUntrustedOptions,
  signal: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const acceptable = local ? isLoopback : isPubliclyRoutable
  const family = isIP(host)
  // Node does not resolve IP literals, so a check in `lookup` alone would never see one.
  const addresses = family !== 0 ? [{ address: host, family }] : await resolved(host, local, options, signal)
  if (addresses.length === 0) throw new FetchRefused('dns')
  // One private answer among public ones is an attack or a mistake: use none of them.
  if (!addresses.every(({ address }) => acceptable(address))) throw new FetchRefused('address')
  return addresses
}

async function resolved(host: string, local: boolean, options: FetchUntrustedOptions, signal: AbortSignal) {
  if (!local && isLocalName(host)) throw new FetchRefused('address')
  const resolve = options.resolve ?? (local ? resolveLocalName : resolvePublicName)
  try {
    return await untilAborted(resolve(host, signal), signal)
  } catch (error) {
    throw signal.aborted ? error : new FetchRefused('dns', error)
  }
}

async function get(
  { url, local }: Target,
  addresses: readonly ResolvedAddress[],
  options: FetchUntrustedOptions,
  signal: AbortSignal,
): Promise<FetchedResource> {
  const pinned: LookupFunction = (_hostname, _options, callback) => callback(null, [...addresses])
  const message = await send(url, {
    method: 'GET',
    signal,
    lookup: pinned,
    // Makes Node ask `lookup` for all addresses, the form in which `pinned` answers.
    autoSelectFamily: true,
    // No pool: a kept connection would outlive the check of its address. No proxy of the environment either.
    agent: false,
    // Overrides NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    ...defined({ ca: local && options.certificateAuthorities ? [...options.certificateAuthorities] : undefined }),
    maxHeaderSize: 8 * 1024,
    headers: { accept: options.accept, 'accept-encoding': 'identity', 'user-agent': options.userAgent },
  })
  try {
    const status = message.statusCode ?? 0
    if (status >= 300 && status < 400) throw new FetchRefused('redirect')
    const encoding = message.headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new FetchRefused('encoding')
    // What arrives counts, not what `Content-Length` promises (M-06).
    const body = await readBody(message, options.maxBytes)
    if (body === null) throw new FetchRefused('size')
    return { status, headers: headersOf(message), contentType: contentTypeOf(message), body }
  } finally {
    message.destroy()
  }
}

function send(
  url: URL,
  options: RequestOptions & Pick<TcpNetConnectOpts, 'autoSelectFamily'>,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url, options)
    .on('response', resolve)
    .on('error', reject)
    // An unexpected protocol switch ends the request without an error.
    .on('close', () => reject(new FetchRefused('network')))
    .end()
  return promise
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  return headers
}

/** Several content types count as none: readers would not agree on one. */
function contentTypeOf({ headersDistinct }: IncomingMessage): string {
  const [only = '', ...others] = headersDistinct['content-type'] ?? []
  const [type = ''] = others.length > 0 ? [] : only.split(';')
  return type.trim().toLowerCase()
}

/** Node's own error code (`ECONNREFUSED`, `CERT_HAS_EXPIRED`). Error messages may quote the other side. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code) ? ` (${error.code})` : ''
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
