import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FetchRefused } from '../../lib/net/fetch-untrusted.ts'
import { documentUrlComplaint } from '../../lib/oauth/clients/published/document.ts'
import { createMetadataDocuments } from '../../lib/oauth/clients/published/documents.ts'
import { defaultPrivateUseUris, parseRedirectUri } from '../../lib/oauth/clients/redirect-uri.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { hostileText } from './hostile.ts'
import { property } from './property.ts'
import { clientMetadata } from './registration.ts'

const policy = { scopes: docsScopes.all, privateUseUris: defaultPrivateUseUris }
const good = 'https://publisher.example/client.json'
const url = fc.oneof(
  { weight: 12, arbitrary: fc.constant(good) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'https://publisher.example',
      'https://publisher.example/',
      'https://publisher.example:443/client.json',
      'https://publisher.example/a/../client.json',
      'https://publisher.example/%2e%2e/client.json',
      'https://PUBLISHER.example/client.json',
      'https://user@publisher.example/client.json',
      'https://publisher.example/client.json#',
      'https://publisher.example/client.json?x=1',
      'https://127.0.0.1/client.json',
      'https://publisher.example\\@evil.example/client.json',
    ),
  },
  { weight: 1, arbitrary: hostileText.map((text) => `https://${text}`) },
  { weight: 1, arbitrary: hostileText.map((text) => `https://publisher.example/${text}`) },
)

const body = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        clientMetadata,
        fc.oneof({ weight: 8, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: hostileText }),
      )
      .map(([metadata, client_id]) => JSON.stringify({ ...metadata, client_id })),
  },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
)
const reply = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      status: fc.oneof(
        { weight: 12, arbitrary: fc.constant(200) },
        { weight: 1, arbitrary: fc.constantFrom(201, 204, 301, 403, 404, 429, 500) },
      ),
      contentType: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom('application/json', 'application/client-metadata+json') },
        { weight: 1, arbitrary: fc.constantFrom('', 'text/html', 'application/jsonp', 'application/x+json;') },
      ),
      cacheControl: fc.constantFrom('', 'no-store', 'max-age=60', 'max-age=-1', 'max-age=99999999999', 'MAX-AGE=1, x'),
      body: fc.oneof(
        { weight: 8, arbitrary: body.map((text) => Buffer.from(text)) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'address' as const,
      'redirect' as const,
      'size' as const,
      'timeout' as const,
      'dns' as const,
    ),
  },
)

export const documents = property({
  name: 'metadata documents: a client as its document says, or a refusal; and only valid URLs are fetched',
  cases: 1_500,
  values: fc.record({ url, reply }),
  async holds({ url, reply }) {
    const asked: string[] = []
    const resolver = createMetadataDocuments({
      fetch: async (wanted) => {
        asked.push(wanted)
        if (typeof reply === 'string') throw new FetchRefused(reply)
        const { status, contentType, body, cacheControl } = reply
        return { status, contentType, body, headers: new Headers({ 'cache-control': cacheControl }) }
      },
      policy,
      now: () => Date.UTC(2026, 10, 21),
    })
    const { signal } = new AbortController()
    const found = await resolver.resolve(url, signal)
    assert.deepEqual(asked, documentUrlComplaint(url) === null ? [url] : [])
    if (asked.length > 0) {
      const { href, protocol, username, password, hash, pathname } = new URL(url)
      assert.deepEqual([href, protocol, username, password, hash, pathname === '/'], [url, 'https:', '', '', '', false])
    }
    if ('kind' in found) {
      assert.match(found.detail, /^[\x20-\x7e]{1,200}$/)
      return assert(!/evil|svg|script|passwd/.test(found.detail), `echoes: ${found.detail}`)
    }
    assert(typeof reply !== 'string' && reply.status === 200)
    const document = JSON.parse(new TextDecoder().decode(reply.body))
    assert.deepEqual([found.id, document.client_id, found.verifiedHost], [url, url, new URL(url).host])
    assert(found.redirectUris.length > 0 && found.authenticationMethods.length > 0)
    for (const uri of found.redirectUris) {
      assert(document.redirect_uris.includes(uri))
      assert.notEqual(parseRedirectUri(uri, policy).kind, 'refused')
    }
    assert(
      !reply.body.toString().includes('"kty":"oct"') || !document.jwks,
      'accepts a public document with a symmetric key',
    )
    const again = await resolver.resolve(url, signal)
    assert.deepEqual([again, asked.length], [found, 1])
  },
})
