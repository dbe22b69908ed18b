import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BundleFile, sumOf } from '../../dev/build/bundle.ts'
import { builtArtifact } from '../support/artifact.ts'
import { callMcp, type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

const operatorToken = 'introspection-token-of-a-resource-server-1234'
const probe = new URL('../support/loaded-files.ts', import.meta.url).href

let stack: Stack

beforeAll(async () => {
  const settings = { NODE_OPTIONS: `--import=${probe}`, MCP_OAUTH_INTROSPECTION_TOKENS: operatorToken }
  stack = await startStack({ deployContext: 'production', settings })
})
afterAll(async () => {
  await stack?.stop()
})

/** The files of a function that the host has loaded so far. */
async function loaded(name: 'oauth' | 'mcp' = 'oauth'): Promise<readonly BundleFile[]> {
  // The host prints a line before it runs the file. The line may still be on its way.
  await delay(200)
  const { files } = builtArtifact().functions.find((bundle) => bundle.name === name) ?? { files: [] }
  return files.filter(({ path }) => stack.logs.includes(`loaded ${name}/${path}`))
}

/** Whether a file is loaded only once an answer is on its way, to record what happened or to report wrong settings. */
const afterTheAnswer = [
  'lib/service/step-recorders.ts',
  'lib/service/sign-in-recorder.ts',
  'lib/service/outbox-seals.ts',
  'lib/people/audit/audit-log.ts',
  'lib/people/company.ts',
  'lib/people/outbox/message.ts',
  'lib/people/outbox/news.ts',
  'lib/people/outbox/outbox.ts',
  'lib/people/usage/recorder.ts',
  'lib/settings/private-scope.ts',
  'lib/settings/all.ts',
  'lib/settings/rows/mcp.ts',
  'lib/settings/table.ts',
  'lib/settings/whole.ts',
  'lib/settings/observability.ts',
  'lib/settings/store.ts',
  'lib/settings/rows/rare.ts',
  'lib/settings/rows/store.ts',
  'lib/settings/rows/observability.ts',
  'lib/settings/tool-choices.ts',
  'lib/service/usage-recorder.ts',
]
const isAfterTheAnswer = ({ inputs }: BundleFile) => afterTheAnswer.some((source) => source in inputs)

const sourcesOf = (files: readonly BundleFile[]) => files.flatMap(({ inputs }) => Object.keys(inputs))

/** Code that a sign-in of a registered client without a secret does not need, and a request that needs it. */
const whenNeeded: readonly { source: string; request: (client: OAuthClient) => Promise<Response> }[] = [
  {
    source: 'lib/oauth/token/revocation-endpoint.ts',
    request: (client) => client.revoke('not-a-token'),
  },
  {
    source: 'lib/oauth/token/introspection-endpoint.ts',
    request: () =>
      fetch(`${stack.url}/oauth/introspect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${operatorToken}` },
        body: new URLSearchParams({ token: 'not-a-token' }),
      }),
  },
  {
    source: 'lib/oauth/client-authentication/client-assertion.ts',
    request: ({ clientId }) =>
      fetch(`${stack.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: clientId,
          client_assertion: 'not-an-assertion',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        }),
      }),
  },
  {
    source: 'lib/oauth/dpop/binding.ts',
    request: ({ clientId }) =>
      fetch(`${stack.url}/oauth/token`, {
        method: 'POST',
        headers: { dpop: 'not-a-proof' },
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId }),
      }),
  },
  {
    source: 'lib/oauth/par/pushed-request-endpoint.ts',
    request: () => fetch(`${stack.url}/oauth/par`, { method: 'POST', body: new URLSearchParams() }),
  },
  {
    source: 'lib/net/fetch-untrusted.ts',
    request: ({ authorizationRequest }) =>
      fetch(authorizationRequest({ client_id: 'https://127.0.0.1/client.json' }).url, {
        headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      }),
  },
]

test('a sign-in of a registered client loads at most 200 KB of the OAuth function, and the rest when it is needed', async () => {
  await fetch(`${stack.url}/.well-known/oauth-authorization-server`)
  const forDiscovery = (await loaded()).filter((file) => !isAfterTheAnswer(file))
  expect(forDiscovery.map(({ path }) => path)).toEqual(['oauth.mjs'])

  const client = await registerClient(stack.url)
  const { refreshToken } = await obtainTokens(client)
  tokensOf(await client.refresh(refreshToken))
  const all = await loaded()
  const forSignIn = all.filter((file) => !isAfterTheAnswer(file))
  const records = all.filter(isAfterTheAnswer)
  console.log(
    `Loaded for discovery ${sumOf(forDiscovery)}, for a whole sign-in ${sumOf(forSignIn)}, for its records ${sumOf(records)} bytes`,
  )
  expect(sourcesOf(records)).toEqual(expect.arrayContaining(afterTheAnswer))
  expect(sumOf(forSignIn)).toBeLessThanOrEqual(200 * 1024)
  expect(sourcesOf(forSignIn)).toEqual(
    expect.arrayContaining(['lib/oauth/endpoints.ts', 'lib/oauth/providers/openid-provider.ts']),
  )
  expect(sourcesOf(forSignIn).filter((source) => source.includes('node_modules/jose/'))).toEqual([])
  // The report of wrong settings has these rows from another file, after the answer.
  expect(all.map(({ path }) => path).filter((path) => path.includes('/rare-'))).toEqual([])

  for (const { source, request } of whenNeeded) {
    expect(sourcesOf(await loaded())).not.toContain(source)
    await request(client)
    expect(sourcesOf(await loaded())).toContain(source)
  }
})

test('nothing measures while no collector is named', async () => {
  for (const source of ['lib/service/observer.ts', 'lib/service/telemetry.ts', 'lib/telemetry/telemetry.ts']) {
    const { files } = builtArtifact().functions.find(({ name }) => name === 'oauth') ?? { files: [] }
    expect(sourcesOf(files)).toContain(source)
    expect(sourcesOf(await loaded())).not.toContain(source)
  }
})

test('production never loads the mock provider', async () => {
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const answer = await fetch(`${stack.url}/oauth/mock-idp/authorize?state=x`, { headers })
  expect(answer.status).toBe(404)
  expect(sourcesOf(await loaded())).not.toContain('lib/oauth/providers/mock.ts')
})

test('the first answer of /mcp loads at most 370 KB, and the tools are loaded when a client lists them', async () => {
  const { accessToken } = await obtainTokens(await registerClient(stack.url))
  const clientInfo = { name: 'test', version: '1' }
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  expect((await callMcp(stack.mcpUrl, accessToken, 'initialize', hello)).status).toBe(200)
  const first = (await loaded('mcp')).filter(({ atStart }) => atStart)
  console.log(`Loaded for the first answer of /mcp ${sumOf(first)} bytes`)
  expect(first.map(({ path }) => path)).toEqual(['mcp.mjs'])
  expect(sumOf(first)).toBeLessThanOrEqual(370 * 1024)
  const tools = ['lib/mcp/tools/ask-question.ts', 'lib/mcp/tools/schema.ts', 'lib/answers/kapa.ts']
  const before = sourcesOf(await loaded('mcp'))
  expect(tools.filter((source) => before.includes(source))).toEqual([])
  expect((await callMcp(stack.mcpUrl, accessToken, 'tools/list')).status).toBe(200)
  expect(sourcesOf(await loaded('mcp'))).toEqual(expect.arrayContaining(tools))
})
