import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { defined } from '../../lib/base/defined.ts'
import type { Contents } from './contents.ts'

export const metadataHeader = 'x-amz-meta-user'

/** How the ETags of answers look: as the origin sends them, or as gateways in front of it have been seen to. */
export const etagModes = ['strong', 'weak', 'unquoted'] as const
/** `weak`: `W/"…"` on reads (a compressing gateway). `unquoted`: the bare value, everywhere. */
export type EtagMode = (typeof etagModes)[number]

/** `LIST` and `DELETE_ALL` are a GET and a DELETE without a key. */
export type Method = 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'LIST' | 'DELETE_ALL'

export interface BlobsRequest {
  readonly method: Method
  readonly site: string
  /** As on the wire, `site:<name>` or `deploy:<id>:<name>`. */
  readonly store: string
  /** The key; for `LIST` the prefix. */
  readonly key: string
  readonly query: URLSearchParams
}

export interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer | undefined
}

/** Reads `/[region:<region>/]<site>/<store>[/<key>]`, as `@netlify/blobs` builds it. Null: nothing that it would send. */
export function parseBlobsRequest(method: string | undefined, target: string): BlobsRequest | null {
  const url = URL.parse(target, 'http://emulator')
  if (url === null) return null
  const segments = url.pathname.split('/').slice(1)
  if (segments[0]?.startsWith('region:')) segments.shift()
  const [site, store, key] = [segments[0], segments[1], segments.slice(2).join('/')].map(decode)
  if (!site || !store || key === undefined || Buffer.byteLength(key) > 600) return null
  const common = { site, store, query: url.searchParams }
  if (key === '') {
    if (method === 'DELETE') return { ...common, method: 'DELETE_ALL', key }
    return method === 'GET' ? { ...common, method: 'LIST', key: url.searchParams.get('prefix') ?? '' } : null
  }
  if (method !== 'GET' && method !== 'HEAD' && method !== 'PUT' && method !== 'DELETE') return null
  return { ...common, method, key }
}

function decode(text = ''): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * Decides a request and carries it out. It is synchronous from the check of a condition to the write that depends on
 * it, and that is all that makes conditional writes atomic here.
 */
export function answer(
  contents: Contents,
  request: BlobsRequest,
  headers: IncomingHttpHeaders,
  body: Buffer,
  cached: boolean,
  options: { readonly etags: EtagMode; readonly pageSize: number },
): Answer {
  const id = toId(request.site, request.store, request.key)
  switch (request.method) {
    case 'LIST':
      return list(contents, request, cached, options.pageSize)
    case 'DELETE_ALL':
      return deleteAll(contents, request, options.pageSize)
    case 'PUT': {
      const current = contents.read(id, false)
      if (headers['if-none-match'] === '*' && current !== undefined) return empty(412)
      // RFC 9110 §13.1.1: strong comparison, so neither a weak tag nor a bare value ever matches.
      if (headers['if-match'] !== undefined && headers['if-match'] !== current?.etag) return empty(412)
      const metadata = headers[metadataHeader]
      const written = contents.write(id, body, typeof metadata === 'string' ? metadata : undefined)
      return empty(200, { etag: options.etags === 'unquoted' ? unquoted(written.etag) : written.etag })
    }
    case 'DELETE':
      contents.remove(id)
      return empty(204)
    case 'GET':
    case 'HEAD': {
      const blob = contents.read(id, cached)
      if (blob === undefined) return empty(404)
      const etag = presented(blob.etag, options.etags)
      const found = defined({ etag, [metadataHeader]: blob.metadata })
      // RFC 9110 §13.1.2: weak comparison.
      const known = headers['if-none-match']?.replace(/^W\//, '')
      if (known !== undefined && (known === blob.etag || known === etag)) return empty(304, found)
      return { status: 200, headers: found, body: request.method === 'HEAD' ? undefined : blob.body }
    }
  }
}

/** The one name of a blob among all sites and stores. */
export function toId(site: string, store: string, key: string): string {
  return `${site}/${store}/${key}`
}

function list(contents: Contents, request: BlobsRequest, cached: boolean, pageSize: number): Answer {
  const root = toId(request.site, request.store, '')
  const directories = request.query.get('directories') === 'true'
  const cursor = Buffer.from(request.query.get('cursor') ?? '', 'base64url').toString()

  // A directory stands, once, for all keys below it. Here it ends with the slash that it loses on the wire.
  const names = new Set<string>()
  for (const id of contents.ids(root + request.key, cached, cursor === '' ? undefined : root + cursor)) {
    const key = id.slice(root.length)
    const slash = directories ? key.indexOf('/', request.key.length) : -1
    const name = slash === -1 ? key : key.slice(0, slash + 1)
    if (name > cursor) names.add(name)
    if (names.size > pageSize) break
  }
  const left = [...names]
  const page = left.slice(0, pageSize)
  const last = page.at(-1)

  const result = {
    blobs: page.flatMap((key) => {
      const blob = contents.read(root + key, cached)
      return blob === undefined ? [] : [{ key, etag: blob.etag, size: blob.body.length }]
    }),
    directories: page.flatMap((name) => (name.endsWith('/') ? [name.slice(0, -1)] : [])),
    ...(left.length > page.length && last !== undefined ? { next_cursor: toCursor(last) } : {}),
  }
  return json(result)
}

/** Removes a page of blobs, as many as a list shows at once. The client asks again while there are more. */
function deleteAll(contents: Contents, request: BlobsRequest, pageSize: number): Answer {
  const page: string[] = []
  let more = false
  for (const id of contents.ids(toId(request.site, request.store, ''), false)) {
    more = page.length === pageSize
    if (more) break
    page.push(id)
  }
  for (const id of page) contents.remove(id)
  return json({ blobs_deleted: page.length, has_more: more })
}

const json = (body: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
})

function toCursor(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function empty(status: number, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers, body: undefined }
}

function presented(etag: string, mode: EtagMode): string {
  if (mode === 'weak') return `W/${etag}`
  return mode === 'unquoted' ? unquoted(etag) : etag
}

function unquoted(etag: string): string {
  return etag.slice(1, -1)
}
