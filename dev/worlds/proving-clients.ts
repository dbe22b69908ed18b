import { defined } from '../../lib/base/defined.ts'
import type { Client } from '../../lib/oauth/clients/client.ts'
import type { ClientKey } from '../../lib/oauth/clients/client-keys.ts'
import { clientOfDocument } from '../../lib/oauth/clients/published/document.ts'
import type { Unresolved } from '../../lib/oauth/clients/unresolved.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'
import type { Store } from '../../lib/store/store.ts'
import {
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  signIn,
  TestBrowser,
  type TokenBody,
} from './authorization-server.ts'
import { assertionParameters, createClientKey, type SigningClientKey } from './client-key.ts'
import { keepSecret } from './secrets.ts'

export type Form = Readonly<Record<string, string>>

export const issuer = 'https://docs.example'
export async function post(server: Harness, form: Form, authorization?: string) {
  const headers: HeadersInit = defined({ authorization })
  const response = await server.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(form), headers })
  const body: TokenBody = await response.json()
  return { status: response.status, body, headers: response.headers }
}

/** The status and the error code as one word. A client decides by them. */
export const verdict = ({ status, body }: { status: number; body: TokenBody }) => `${status} ${body.error ?? 'tokens'}`

export async function registerClientOf(
  server: Harness,
  metadata: object,
): Promise<{ client_id: string; client_secret?: string }> {
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Test client', redirect_uris: [redirectUri], ...metadata }),
  })
  return response.json()
}

/** The form that redeems the code of a fresh sign-in, without client authentication. */
export async function codeFor(server: Harness, clientId: string): Promise<Form> {
  const pkce = newPkce()
  const answer = await signIn(new TestBrowser(server), clientId, pkce)
  return { grant_type: 'authorization_code', code: answer.searchParams.get('code') ?? '', code_verifier: pkce.verifier }
}

export const refreshing = ({ refresh_token = '' }: TokenBody): Form => ({ grant_type: 'refresh_token', refresh_token })
export const basic = (id: string, secret: string) => {
  const header = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  keepSecret(header)
  return header
}

/** A server that knows the documents and published keys that the test writes down. */
export async function world(options: { store?: Store; methods?: readonly string[]; inline?: boolean } = {}) {
  const clock = () => Math.floor(server.clock / 1000)
  const id = 'https://client.example/c.json'
  const jwksUri = 'https://client.example/jwks.json'
  const key = await createClientKey({ now: clock })
  const documents: Record<string, Client | Unresolved> = {}
  const keySets: Record<string, readonly ClientKey[] | Unresolved> = { [jwksUri]: [key.publicKey] }
  const publish = (changes: object = {}) => {
    const document = {
      client_id: id,
      client_name: 'Published client',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'private_key_jwt',
      ...(options.methods && { token_endpoint_auth_methods_supported: options.methods }),
      ...(options.inline ? { jwks: { keys: [key.publicKey] } } : { jwks_uri: jwksUri }),
      ...changes,
    }
    documents[id] = clientOfDocument(id, document, { scopes: docsScopes.all, privateUseUris: [] })
  }
  publish()
  const store = options.store ?? createMemoryStore()
  const server = createHarness({ issuer, store, documents, keySets })
  const proof = async (by: SigningClientKey = key, ...more: [object?, object?]) =>
    assertionParameters(await by.assertion(id, issuer, { ...more[0] }, { ...more[1] }))
  return { server, id, jwksUri, key, clock, documents, keySets, publish, store, proof }
}
