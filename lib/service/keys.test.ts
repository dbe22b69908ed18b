import { expect, test } from 'vitest'
import { newSecrets } from '../../dev/worlds/authorization-server.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { newStoredKey, privateJwkSealer, storeKeyOf } from '../oauth/keys/signing-keys.ts'
import { readConfiguration } from '../settings/configuration.ts'
import { newSecret, parseSecret } from '../settings/secrets.ts'
import { createMemoryStore } from '../store/memory.ts'
import { keysOf } from './keys.ts'

const site = { issuer: 'https://docs.example', storeName: 's', production: true }
const never = new AbortController().signal
const secret = newSecret()
const complete = { MCP_OAUTH_SECRET: secret, UPSTREAM_CLIENT_ID: 'client', KAPA_API_KEY: 'key' }

/** Returns the `kid` of each published key, after an attacker with write access to the store has added a key. */
async function publishedWith(env: Readonly<Record<string, string>>): Promise<readonly (string | undefined)[]> {
  const store = createMemoryStore()
  const current = parseSecret(secret)
  if (current === null) throw new Error('no secret')
  const sealerOf = (secrets: ReturnType<typeof newSecrets>) => privateJwkSealer(createSealing(site.issuer, secrets))
  const own = { ...(await newStoredKey(sealerOf({ current, previous: [], retired: [] }), 1)), kid: 'ours' }
  const planted = { ...(await newStoredKey(sealerOf(newSecrets()), 1)), kid: 'planted' }
  await store.put(storeKeyOf(site.issuer), { keys: [own, planted] }, never)
  const { publicKeys } = keysOf(readConfiguration({ ...complete, ...env }, site), store)
  return (await publicKeys(never)).keys.map(({ kid }) => kid)
}

test.each([
  {},
  { MCP_OAUTH_ACCESS_TTL: 'an hour' },
  { MCP_OAUTH_TRUSTED_HOSTS: 'com' },
  { UPSTREAM_ISSUER: 'http://login.example/' },
  { MCP_BRAND_COLOR: 'red' },
])(
  'an attacker with write access to the store cannot publish a key, even while another setting is wrong: %j [O-09]',
  async (env) => {
    expect(await publishedWith(env)).toEqual(['ours'])
  },
)

test.each([
  { MCP_OAUTH_SECRET: '' },
  { MCP_OAUTH_SECRET: 'correct horse battery staple' },
  { MCP_OAUTH_PREVIOUS_SECRETS: 'hunter2' },
])('while a secret is missing or wrong, users stay signed in by the stored keys: %j [F-000-39]', async (env) => {
  expect(await publishedWith(env)).toEqual(['ours', 'planted'])
})
