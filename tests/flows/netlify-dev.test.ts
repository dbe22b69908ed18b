import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startNetlifyServer } from '../../dev/blobs/netlify-server.ts'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { builtArtifact } from '../support/artifact.ts'
import { callTool } from '../support/mcp.ts'
import { obtainCodeByMock, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** As `netlify dev` runs the artifact in a fresh clone: context `dev`, the mock, and Netlify's own local Blobs server. */

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

async function startNetlifyDev(context = 'dev') {
  const blobs = await startNetlifyServer()
  const port = await freePorts()
  const url = `http://localhost:${port}`
  const { UPSTREAM_CLIENT_ID: _, UPSTREAM_ISSUER: __, MCP_OAUTH_ISSUER: ___, ...environment } = stack.environment
  const lines: string[] = []
  const host = await startHost({
    artifact: builtArtifact(),
    port,
    env: { ...environment, URL: url, NETLIFY_DEV: 'true', ...(context === 'production' && productionSettings) },
    blobs: blobs.client,
    deployContext: context,
    onOutput: (line) => lines.push(line),
  })
  onTestFinished(async () => {
    await host.stop()
    await blobs.stop()
  })
  return { url, lines }
}
const productionSettings = { UPSTREAM_CLIENT_ID: 'client', UPSTREAM_ISSUER: 'https://id.example.com' }

const ready = (url: string) => fetch(`${url}/health/ready`)

test('netlify dev in a fresh clone signs in, asks, refreshes, refuses a replay and revokes', async () => {
  const { url } = await startNetlifyDev()
  expect((await ready(url)).status).toBe(200)
  const client = await registerClient(url)

  const { request, code } = await obtainCodeByMock(client)
  const first = tokensOf(await client.redeem(request, code))
  const ask = async (token: string) =>
    (await callTool(`${url}/mcp`, 'ask_redpanda_question', { question: 'What is a grant?' }, token)).status
  expect(await ask(first.accessToken)).toBe(200)

  // A refresh, the same refresh within the grace window, and the next one. Then the first token is a replay.
  const second = tokensOf(await client.refresh(first.refreshToken))
  expect(tokensOf(await client.refresh(first.refreshToken)).refreshToken).toBe(second.refreshToken)
  const third = tokensOf(await client.refresh(second.refreshToken))
  expect((await client.refresh(first.refreshToken)).body.error).toBe('invalid_grant')
  expect((await client.refresh(third.refreshToken)).body.error).toBe('invalid_grant')

  const again = await obtainCodeByMock(client)
  const tokens = tokensOf(await client.redeem(again.request, again.code))
  expect((await client.redeem(again.request, again.code)).body.error).toBe('invalid_grant')
  expect((await client.refresh(tokens.refreshToken)).body.error).toBe('invalid_grant')

  const last = await obtainCodeByMock(client)
  const revoked = tokensOf(await client.redeem(last.request, last.code))
  expect((await client.revoke(revoked.refreshToken)).status).toBe(200)
  expect(await ask(revoked.accessToken)).toBe(401)
  expect((await client.refresh(revoked.refreshToken)).body.error).toBe('invalid_grant')
})

test('the same server in production is not accepted as a store: the service is not ready, whatever the environment says', async () => {
  const { url, lines } = await startNetlifyDev('production')
  const response = await ready(url)
  expect([response.status, await response.json()]).toMatchObject([503, { reason: 'store_unavailable' }])
  expect(lines.join('\n')).toContain('"not_ready"')
})
