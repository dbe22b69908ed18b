import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { createHarness, newPkce, reader, register, signIn, TestBrowser, type TokenBody, token } from '../../../dev/worlds/authorization-server.ts' // biome-ignore format: one line
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createGrants } from '../grants/grants.ts'
import type { VaultFlow } from '../options.ts'
import { noteDue } from './due.ts'
import { createRecheck } from './recheck.ts'
import { sweepVault } from './sweep-vault.ts'
import type { UpstreamAnswer } from './upstream.ts'
import { createVault, type Vault, vaultPrefix } from './vault.ts'
import { createVaultSeal } from './vault-seal.ts'

// The daily question to the provider at a refresh: a person who is gone loses the grant, and no other person does (N12).

const day = 86_400_000
const hour = 3_600_000
const signal = new AbortController().signal

async function world(roleMarks?: (claims: unknown) => readonly string[]) {
  const store = createMemoryStore()
  const provider = {
    asked: 0,
    current: 0,
    revoked: [] as string[],
    answer: undefined as UpstreamAnswer | undefined,
    claims: undefined as { readonly org_id?: string; readonly group?: string } | undefined,
  }
  const vault: Vault = createVault({
    store,
    seal: createVaultSeal('https://docs.example', [new Uint8Array(32).fill(7)]),
    ask: {
      async refresh({ refreshToken }) {
        provider.asked += 1
        if (provider.answer) return provider.answer
        if (refreshToken !== `token-${provider.current}`) return { kind: 'refused', reason: 'reuse', doubtful: false }
        provider.current += 1
        const tokens = { refreshToken: `token-${provider.current}`, accessToken: 'a', accessLifetime: 60 }
        const { claims } = provider
        const claimed = claims && { roleMarks: roleMarks?.(claims), organizationId: claims.org_id }
        return { kind: 'tokens', tokens, claimed }
      },
      revoke: async ({ refreshToken }) => void provider.revoked.push(refreshToken),
    },
    now: () => server.clock,
    log: recorded((event) => server.log.push({ event, fields: {} })),
  })
  const log = recorded((event) => server.log.push({ event, fields: {} }))
  const flow: VaultFlow = {
    async keep(grant, { sub, tokens }, inTime) {
      await Promise.all([
        tokens && vault.keep(grant, sub, tokens, inTime),
        noteDue(store, grant, server.clock / 1000 + 600, inTime),
      ])
    },
    recheck: (grants, one, inTime) => createRecheck({ vault, grants, now: () => server.clock, log })(one, inTime),
    ended: (grant, inTime) => noteDue(store, grant, server.clock / 1000, inTime),
  }
  const server = createHarness({
    store,
    vault: flow,
    ...(roleMarks && {
      scopeRules: {
        mayHave: () => true,
        isOffered: () => true,
        claimsOf: (person, since) => ({ role_marks: person.roleMarks, identified_at: since }),
      },
    }),
  })
  server.identity = { ...reader, tokens: { refreshToken: 'token-0', accessToken: 'a', accessLifetime: 60 }, roleMarks: ['old'] } // biome-ignore format: one line
  const clientId = await register(server, { token_endpoint_auth_method: 'none' })
  const pkce = newPkce()
  const back = await signIn(new TestBrowser(server), clientId, pkce)
  const code = back.searchParams.get('code')
  const client = {
    redeem: () => token(server, { grant_type: 'authorization_code', client_id: clientId, code: code ?? '', code_verifier: pkce.verifier }), // biome-ignore format: one line
    refresh: (refresh_token = '') => token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token }),
  }
  const kept = async () => (await store.list(vaultPrefix, signal)).keys
  return { server, provider, store, vault, client, kept }
}

test('a refresh asks the provider once a day, however often the client refreshes', async () => {
  const { server, provider, client } = await world()
  let { body } = await client.redeem()
  for (let hours = 1; hours <= 72; hours += 1) {
    server.clock += hour
    body = (await client.refresh(body.refresh_token)).body
    expect(body.access_token).toBeDefined()
  }
  expect(provider.asked).toBe(3)
})

test('twenty refreshes at once ask once, and give one successor: 10 rounds', async () => {
  const { server, provider, client } = await world()
  let current = (await client.redeem()).body.refresh_token
  for (let round = 1; round <= 10; round += 1) {
    server.clock += day
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(current)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const successors = new Set(answers.map(({ body }) => body.refresh_token))
    expect([successors.size, provider.asked]).toEqual([1, round])
    current = [...successors][0]
  }
})

test('a person who is gone at the provider loses the grant, and the vault its token', async () => {
  const { server, provider, client, kept } = await world()
  const { body } = await client.redeem()
  server.clock += day
  provider.answer = { kind: 'refused', reason: 'invalid_grant', doubtful: false }
  expect(await client.refresh(body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  provider.answer = undefined
  expect(await client.refresh(body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect([await kept(), provider.revoked]).toEqual([[], ['token-0']])
})

test.each<[string, UpstreamAnswer]>([
  ['does not answer', { kind: 'failed', reason: '503', doubtful: false }],
  ['may have answered', { kind: 'failed', reason: 'late', doubtful: true }],
  ['refuses after an answer was lost', { kind: 'refused', reason: 'invalid_grant', doubtful: true }],
  ['answers about another person', { kind: 'foreign' }],
])('a provider that %s ends nothing, and is asked again after an hour', async (_what, answer) => {
  const { server, provider, client } = await world()
  let { body } = await client.redeem()
  server.clock += day
  provider.answer = answer
  for (let times = 0; times < 3; times += 1) {
    server.clock += hour / 4
    const renewed = await client.refresh(body.refresh_token)
    expect(renewed.status).toBe(200)
    body = renewed.body
  }
  expect(provider.asked).toBe(1)
})

test('a later ID token says the role anew, in the token and in the grant', async () => {
  const { server, provider, client } = await world((claims) => [String((claims as { group?: string }).group)])
  const signedIn = await client.redeem()
  const said = ({ body }: { body: TokenBody }) => {
    const { role_marks, identified_at } = decodeJwt(body.access_token ?? '')
    return [role_marks, Number(identified_at) * 1000]
  }
  const began = server.clock
  expect(said(signedIn)).toEqual([['old'], began])
  server.clock += day
  provider.claims = { group: 'new', org_id: 'org_1' }
  const renewed = await client.refresh(signedIn.body.refresh_token)
  expect(said(renewed)).toEqual([['new'], began + day])
  server.clock += hour
  const again = await client.refresh(renewed.body.refresh_token)
  expect([...said(again), provider.asked]).toEqual([['new'], began + day, 1])
  // A change of the organization counts at the next sign-in only.
  server.clock += day
  provider.claims = { group: 'newer', org_id: 'org_2' }
  expect(said(await client.refresh(again.body.refresh_token))).toEqual([['new'], began + day])
})

test('a later ID token whose claims about the role were not read prolongs no role [N8 N12]', async () => {
  const { server, provider, client } = await world((claims) => [String((claims as { group?: string }).group)])
  const signedIn = await client.redeem()
  const began = server.clock
  server.clock += day
  const tokens = { refreshToken: 'token-1', accessToken: 'a', accessLifetime: 60 }
  provider.answer = { kind: 'tokens', tokens, claimed: { organizationId: 'org_1' } }
  const { role_marks, identified_at } = decodeJwt((await client.refresh(signedIn.body.refresh_token)).body.access_token ?? '') // biome-ignore format: one line
  expect([role_marks, Number(identified_at) * 1000]).toEqual([['old'], began])
})

test('the sweep ends records of grants that never began or have ended, and leaves the others', async () => {
  const never = await world()
  const later = never.server.clock + 601_000
  await sweepVault(never.store, never.vault, later - 2000, signal)
  expect(await never.kept()).toHaveLength(1)
  await sweepVault(never.store, never.vault, later, signal)
  expect([await never.kept(), never.provider.revoked]).toEqual([[], ['token-0']])

  const live = await world()
  await live.client.redeem()
  await sweepVault(live.store, live.vault, later, signal)
  const [key = ''] = await live.kept()
  expect(key).toMatch(/^vault\/\d{6}\/u_/)
  const grants = createGrants({ store: live.store, now: () => later, grace: 60, log: recorded(() => {}), ended: (grant, inTime) => noteDue(live.store, grant, later / 1000, inTime) }) // biome-ignore format: one line
  await grants.revoke(`grants/${key.slice(vaultPrefix.length)}`, 'test', signal)
  await sweepVault(live.store, live.vault, later + 1000, signal)
  expect([await live.kept(), live.provider.revoked]).toEqual([[], ['token-0']])
  expect((await live.store.list('vault-due/', signal)).keys).toEqual([])
})
