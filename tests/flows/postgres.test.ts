import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startPglite } from '../../dev/postgres/pglite.ts'
import { openDatabase } from '../../lib/store/postgres/database.ts'
import { createPostgresStore } from '../../lib/store/postgres/postgres.ts'
import { deploy } from '../support/deploy.ts'
import { callMcp, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ settings: { STORE_BACKEND: 'postgres' } })
})
afterAll(() => stack?.stop())

const { signal } = new AbortController()
const urlOf = () => stack.environment.DATABASE_URL ?? ''

/** The keys in a store of the database. */
async function keysIn(site: string): Promise<readonly string[]> {
  const database = openDatabase({ url: urlOf() })
  onTestFinished(() => database.close())
  return (await createPostgresStore({ site, database: () => database }).list('', signal)).keys
}

const ready = async (url: string) => {
  const answer = await fetch(`${url}/health/ready`)
  return [answer.status, (await answer.json()).reason]
}

test('STORE_BACKEND=postgres: a user signs in, asks, refreshes and is revoked, and nothing is in Blobs [F-000-33 F-000-90]', async () => {
  const client = await registerClient(stack.url)
  const { accessToken, refreshToken } = await obtainTokens(client)
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  const next = tokensOf(await client.refresh(refreshToken))
  await client.revoke(next.refreshToken)
  expect((await client.refresh(next.refreshToken)).status).toBe(400)
  await expect
    .poll(() => keysIn('mcp-oauth-broker').then((keys) => keys.map((key) => key.split('/')[0])))
    .toContain('users')
  expect(await keysIn('mcp-oauth-broker')).toEqual(expect.arrayContaining([expect.stringMatching(/^grants\//)]))
  expect(await ready(stack.url)).toEqual([200, undefined])
  expect(stack.emulator.operations()).toEqual([])
})

describe('a database that cannot be used', () => {
  const refusals = (lines: readonly string[]) =>
    lines.flatMap((line) => (line.includes('store_refused') ? [JSON.parse(line).reason] : []))

  test('DATABASE_URL of a database without migrations: 503, and the log says what to do [F-002-12 B8-16]', async () => {
    const empty = await startPglite()
    onTestFinished(() => empty.stop())
    const { url, lines } = await deploy(stack, { STORE_BACKEND: 'postgres', DATABASE_URL: empty.url })
    expect(await ready(url)).toEqual([503, 'store_unavailable'])
    expect(refusals(lines)).toEqual(['the database lacks a migration: npm run store -- migrate'])
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(200)
  })

  test('another word in STORE_BACKEND leads to no store, and never to Blobs', async () => {
    const { url, lines } = await deploy(stack, { STORE_BACKEND: 'neon' })
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(503)
    expect(await ready(url)).toEqual([503, 'configuration'])
    await expect.poll(() => lines.join('\n')).toContain('STORE_BACKEND must be blobs or postgres')
    expect(stack.emulator.operations()).toEqual([])
  })

  test('DATABASE_CONNECTIONS that is no number closes the service, and DATABASE_URL does not where the store is Blobs', async () => {
    const wrong = await deploy(stack, { STORE_BACKEND: 'postgres', DATABASE_CONNECTIONS: 'many' })
    expect(await ready(wrong.url)).toEqual([503, 'configuration'])
    const other = await deploy(stack, { STORE_BACKEND: 'blobs', DATABASE_URL: 'mysql://somewhere.example/x' })
    expect(await ready(other.url)).toEqual([200, undefined])
  })
})

test('NETLIFY_DB_URL and NETLIFY_DATABASE_URL name the database too', async () => {
  const { DATABASE_URL: _, ...environment } = stack.environment
  for (const name of ['NETLIFY_DB_URL', 'NETLIFY_DATABASE_URL']) {
    const elsewhere = await deploy({ ...stack, environment }, { [name]: urlOf() })
    expect(await ready(elsewhere.url)).toEqual([200, undefined])
  }
})
