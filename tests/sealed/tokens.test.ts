import { readFileSync } from 'node:fs'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { createHarness } from '../../dev/worlds/authorization-server.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { parseKeySet } from '../../lib/oauth/clients/client-keys.ts'
import { clientOfDocument } from '../../lib/oauth/clients/published/document.ts'
import { createLastGoodCopies } from '../../lib/oauth/clients/published/last-good-copies.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { createPublicKeys, createStoredKeysReader } from '../../lib/oauth/keys/signing-keys.ts'
import { codeSealer } from '../../lib/oauth/token/authorization-code.ts'
import { createBearerVerifier } from '../../lib/resource-server/bearer.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { createNumberedStore } from './numbered-store.ts'

/**
 * Codes, tokens and records that commit 8b9a7eb sealed, under fixed secrets and at fixed times, and what that commit answered
 * when it was shown them. Users hold such values for months. A release that answers otherwise signs them out. These
 * fixtures are never made again: a new format adds fixtures of its own.
 */
const record = v.object({ key: v.string(), value: v.record(v.string(), v.unknown()), version: v.string() })
const fixtures = v.parse(
  v.object({
    issuer: v.string(),
    address: v.string(),
    introspectionToken: v.string(),
    secrets: v.object({ current: v.string(), previous: v.array(v.string()) }),
    document: v.looseObject({ client_id: v.string(), jwks_uri: v.string() }),
    clientKey: v.unknown(),
    records: v.array(record),
    accessToken: v.object({ value: v.string(), at: v.number(), verified: v.unknown() }),
    clientDocumentKeptAt: v.number(),
    cases: v.array(
      v.object({
        name: v.string(),
        at: v.number(),
        path: v.string(),
        form: v.record(v.string(), v.string()),
        answer: v.object({ status: v.number(), body: v.unknown() }),
        written: v.array(record),
        signIns: v.array(v.unknown()),
      }),
    ),
  }),
  JSON.parse(readFileSync(new URL('tokens.json', import.meta.url), 'utf8')),
)

const { issuer, document, records } = fixtures
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
const { current, previous } = fixtures.secrets
const secrets = { current: bytes(current), previous: previous.map(bytes), retired: [] }
const { signal } = new AbortController()

function world() {
  const numbered = createNumberedStore(records)
  const keys = parseKeySet({ keys: [fixtures.clientKey] })
  if (typeof keys === 'string') throw new Error(keys)
  const server = createHarness({
    issuer,
    secrets,
    store: numbered.store,
    documents: {
      [document.client_id]: clientOfDocument(document.client_id, document, {
        scopes: docsScopes.all,
        privateUseUris: [],
      }),
    },
    keySets: { [document.jwks_uri]: keys },
    introspectionTokens: [fixtures.introspectionToken],
  })
  server.address = fixtures.address
  return { server, ...numbered }
}

/** The answer without what is random: the id and the signature of the access token. */
function comparable(body: unknown): unknown {
  const answer = v.safeParse(v.looseObject({ access_token: v.string() }), body)
  if (!answer.success) return body
  const { jti, ...claims } = decodeJwt(answer.output.access_token)
  expect(jti).toMatch(/^[\w-]{36}$/)
  return { ...answer.output, access_token: { header: decodeProtectedHeader(answer.output.access_token), claims } }
}

describe('a value that commit 8b9a7eb sealed gets the same answer and leaves the same records', () => {
  test.each(fixtures.cases)('$name', async ({ at, path, form, answer, written, signIns }) => {
    const { server, written: writtenNow } = world()
    server.clock = at
    const introspecting = path === '/oauth/introspect'
    const headers: HeadersInit = introspecting ? { authorization: `Bearer ${fixtures.introspectionToken}` } : {}
    const response = await server.fetch(path, { method: 'POST', body: new URLSearchParams(form), headers })
    const text = await response.text()
    expect({ status: response.status, body: comparable(text === '' ? null : JSON.parse(text)) }).toEqual(answer)
    expect(writtenNow()).toEqual(written)
    expect(server.signIns).toEqual(signIns)
  })
})

test('a code of today with the same content is the same string as one of commit 8b9a7eb', () => {
  const codes = codeSealer(createSealing(issuer, secrets))
  const named = ['a code', 'a code of a published client, with every member']
  const sealed = fixtures.cases.filter(({ name }) => named.includes(name)).map(({ form }) => form.code ?? '')
  expect(sealed).toHaveLength(2)
  expect(
    sealed.map((code) => {
      const opened = codes.open(code)
      return opened && codes.seal(opened)
    }),
  ).toEqual(sealed)
})

test('an access token of commit 8b9a7eb is verified with the stored signing key', async () => {
  const { value, at, verified } = fixtures.accessToken
  const now = () => at
  const { store } = createNumberedStore(records)
  const publicKeys = createPublicKeys(createStoredKeysReader({ issuer, store, now }))
  const verifier = createBearerVerifier({ issuer, resource: `${issuer}/mcp`, publicKeys, now })
  const request = new Request(`${issuer}/mcp`, { headers: { authorization: `Bearer ${value}` } })
  expect(await verifier.verify(request, signal)).toMatchObject({ kind: 'valid', token: verified })
})

test('a copy of a client document that commit 8b9a7eb kept is found', async () => {
  const now = () => fixtures.clientDocumentKeptAt + 3_600_000
  const { store } = createNumberedStore(records)
  const copies = createLastGoodCopies({ store, sealing: createSealing(issuer, secrets), now, log: recorded(() => {}) })
  expect(await copies.find(document.client_id)).toEqual(document)
})
