import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { storeKeyOf } from '../../lib/oauth/keys/signing-keys.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { keysUnder } from '../../lib/store/keys-under.ts'
import type { Store } from '../../lib/store/store.ts'
import { type Deploy, deploy, deploySameIssuer } from '../support/deploy.ts'
import { callMcp, obtainCode, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { expectComeBack, watchLog } from './drill.ts'
import { carryOut } from './procedure.ts'

/**
 * `MCP_OAUTH_SECRET` has leaked. The procedure of docs/operations.md is carried out, sentence by sentence.
 *
 * Alerts: SigningKeyDoesNotOpen.
 */

const { signal } = new AbortController()
const aDay = 86_400
let stack: Stack
let store: Store

beforeAll(async () => {
  stack = await startStack()
  store = createBlobsStore({ name: 'mcp-oauth-broker', client: stack.emulator.clientOptions() })
})
afterAll(() => stack?.stop())

async function keysBelow(prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of keysUnder(store, prefix, signal)) keys.push(key)
  return keys
}

/** A client that authenticates with a secret. */
async function registerConfidentialClient() {
  const response = await fetch(`${stack.url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: ['http://127.0.0.1:7777/callback'],
      token_endpoint_auth_method: 'client_secret_post',
    }),
  })
  const { client_id, client_secret }: { client_id: string; client_secret: string } = await response.json()
  return {
    /** Presents a code that there is not: what counts is whether the client is known. */
    async error(): Promise<string> {
      const form = {
        grant_type: 'authorization_code',
        code: 'none',
        code_verifier: 'v'.repeat(43),
        client_id,
        client_secret,
      }
      const body = new URLSearchParams({ ...form, redirect_uri: 'http://127.0.0.1:7777/callback' })
      return (await (await fetch(`${stack.url}/oauth/token`, { method: 'POST', body })).json()).error
    },
  }
}

test('the written procedure ends what the attacker could do, and keeps what the service has recorded', async () => {
  const { MCP_OAUTH_SECRET: leaked = '', UPSTREAM_ISSUER = '', UPSTREAM_CLIENT_ID = '' } = stack.environment
  const secret = newSecret()
  const [client, confidential] = [await registerClient(stack.url), await registerConfidentialClient()]
  const [user, victim] = [await obtainTokens(client), await obtainTokens(client)]
  expect(await confidential.error()).toBe('invalid_grant')
  await stack.hosts()[0]?.kill()

  let current: Deploy | undefined
  /** Deploys at the address of the service. */
  async function deployWith(settings: Readonly<Record<string, string>>): Promise<Deploy> {
    const all = { UPSTREAM_ISSUER, UPSTREAM_CLIENT_ID, ...settings }
    current = current ? await current.follow(all) : await deploy(stack, all, stack.port)
    return current
  }
  const after = { MCP_OAUTH_SECRET: secret, MCP_OAUTH_RETIRED_SECRETS: leaked }
  const showsConsent = () =>
    openConsentPage(createWatchedBrowser(), client.authorizationRequest().url).then(
      () => true,
      () => false,
    )
  let stolen = ''

  await carryOut('docs/operations.md', 'What if the secret has leaked?', [
    [
      'Put the leaked value into MCP_OAUTH_PREVIOUS_SECRETS and a new one into MCP_OAUTH_SECRET, and deploy.',
      async () => {
        await deployWith({ MCP_OAUTH_SECRET: secret, MCP_OAUTH_PREVIOUS_SECRETS: leaked })
        tokensOf(await client.refresh(user.refreshToken))
        // The attacker refreshes with a token that the leaked secret sealed.
        stolen = tokensOf(await client.refresh(victim.refreshToken)).refreshToken
      },
    ],
    [
      'Wait until the log says people_walked with unreadable 0, and for the next audit_digest, soon after midnight UTC: that run seals the key of the audit log anew.',
      async () => {
        const shifted = new URL('shifted-clock.ts', import.meta.url).href
        const tomorrow = await deploySameIssuer(stack, {
          ...{ MCP_OAUTH_SECRET: secret, MCP_OAUTH_PREVIOUS_SECRETS: leaked },
          ...{ NODE_OPTIONS: `--import=${shifted}`, CLOCK_AHEAD: String(aDay) },
        })
        const log = watchLog(tomorrow.lines)
        await fetch(`${tomorrow.url}/.netlify/functions/maintenance`, { method: 'POST' })
        await log.has('people_walked', { unreadable: 0 })
        await log.has('audit_digest')
        await log.has('signing_key_resealed')
      },
    ],
    ['If that is too long, start a new chain instead.', () => {}],
    [
      'Dead messages are sealed again by the next run of maintenance.',
      async () => expect(await keysBelow('outbox-dead/')).toEqual([]),
    ],
    [
      'Move the leaked value into MCP_OAUTH_RETIRED_SECRETS, keep the new one in MCP_OAUTH_SECRET, and deploy.',
      () => deployWith(after),
    ],
    [
      'Then remove all grants, the records under grants/, from the store.',
      async () => {
        for (const key of await keysBelow('grants/')) await store.remove(key, signal)
      },
    ],
    [
      'All refresh tokens answer invalid_grant from then on, also those that the attacker got between the two deploys.',
      async () => {
        for (const token of [user.refreshToken, victim.refreshToken, stolen]) {
          expect((await client.refresh(token)).body.error).toBe('invalid_grant')
        }
      },
    ],
    [
      'Access tokens stop working within a minute.',
      async () => expect((await callMcp(stack.mcpUrl, victim.accessToken)).status).toBe(401),
    ],
    [
      'Public clients stay registered, because a client ID grants nothing.',
      async () => {
        expect(await showsConsent()).toBe(true)
        tokensOf(await client.refresh((await obtainTokens(client)).refreshToken))
      },
    ],
    [
      'Clients with a secret or a key have to register again, because the attacker could compute their secrets.',
      async () => {
        expect(await confidential.error()).toBe('invalid_client')
        expect(await (await registerConfidentialClient()).error()).toBe('invalid_grant')
      },
    ],
    [
      'If registration is off or requires a token, public clients have to be registered again, too, because the attacker could make registrations.',
      async () => {
        await deployWith({ ...after, MCP_OAUTH_DCR: 'off' })
        expect(await showsConsent()).toBe(false)
      },
    ],
    [
      'With before:<today> in MCP_OAUTH_BLOCKED_CLIENTS, every registered client has to.',
      async () => {
        const today = new Date().toISOString().slice(0, 10)
        await deployWith({ ...after, MCP_OAUTH_BLOCKED_CLIENTS: `before:${today}` })
        expect(await showsConsent()).toBe(false)
      },
    ],
    [
      'Replace the signing key at once, because the attacker may have read it from the store.',
      async () => {
        await store.remove(storeKeyOf(stack.url), signal)
        const log = watchLog((await deployWith(after)).lines)
        const { accessToken } = await obtainTokens(client)
        await log.has('signing_key_created')
        expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
      },
    ],
    [
      'If you began with step 2, the stored key does not open, and the token endpoint answers 503 until you remove it.',
      async () => {
        const begun = { MCP_OAUTH_SECRET: newSecret(), MCP_OAUTH_RETIRED_SECRETS: `${leaked},${secret}` }
        await deployWith(begun)
        const { request, code } = await obtainCode(client)
        expectComeBack(await client.redeem(request, code))
        await store.remove(storeKeyOf(stack.url), signal)
        await deployWith(begun)
        await obtainTokens(client)
      },
    ],
    [
      'A pinned key stays.',
      async () => {
        const { settings } = createPinnedKey()
        await deployWith({ ...after, ...settings })
        await store.remove(storeKeyOf(stack.url), signal)
        const { accessToken } = await obtainTokens(client)
        expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
        expect(await store.get(storeKeyOf(stack.url), signal)).toBeNull()
      },
    ],
  ])
})
