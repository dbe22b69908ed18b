import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { BuildFailed } from '../../dev/build/build-in-child.ts'
import { freePorts, portsFrom } from '../../dev/start/ports.ts'
import { startWorld } from '../../dev/start/world.ts'
import { builtArtifact } from '../support/artifact.ts'
import { startStack } from '../support/stack.ts'

const metadata = '/.well-known/oauth-authorization-server'

async function stack(...options: Parameters<typeof startStack>) {
  const started = await startStack(...options)
  onTestFinished(started.stop)
  return started
}

test('the whole system answers on free ports, and its parts know of each other', async () => {
  const { url, mcpUrl, provider, kapa, crm, hub, forms, emulator, environment } = await stack()
  expect(await (await fetch(url + metadata)).json()).toMatchObject({ issuer: url })
  expect((await fetch(mcpUrl, { method: 'POST' })).status).toBe(401)
  expect(environment).toMatchObject({
    UPSTREAM_ISSUER: provider.issuer,
    UPSTREAM_CLIENT_ID: provider.clientId,
    KAPA_MCP_SERVER_URL: kapa.url,
    CRM_WEBHOOK_URL: crm.url,
    MCP_API_HUB_URL: hub.url,
    MCP_API_DOCS_URL: hub.docsUrl,
    MCP_FEEDBACK_FORM_PATH: forms.url,
    SITE_ID: emulator.clientOptions().siteID,
  })
})

test('the output of the functions can be read', async () => {
  const { mcpUrl, logs } = await stack()
  await fetch(mcpUrl, { method: 'POST' })
  await expect.poll(() => logs.join('\n')).toContain('"mcp_unauthenticated"')
})

test('settings of a test reach the functions', async () => {
  const { mcpUrl } = await stack({ settings: { REQUIRE_AUTH: 'false' } })
  expect((await fetch(mcpUrl, { method: 'POST' })).status).not.toBe(401)
})

test('two hosts behind one port answer in turn; one that was killed is passed over until it is back', async () => {
  const { url, hosts, restartHost, logs, mcpUrl } = await stack({ hosts: 2 })
  const [first, second] = hosts()
  const get = (at: string) =>
    fetch(at + metadata, { headers: { connection: 'close' } }).then((response) => response.status)
  expect(first?.pid).not.toBe(second?.pid)
  expect(await Promise.all([get(url), get(url), get(url)])).toEqual([200, 200, 200])
  await first?.kill()
  expect([await get(url), await get(url)]).toEqual([200, 200])
  await restartHost(0)
  await second?.kill()
  expect([await get(url), await get(url)]).toEqual([200, 200])
  expect(hosts()[0]?.pid).not.toBe(first?.pid)
  expect(logs.join('\n')).not.toContain('failed')
  expect(mcpUrl).toBe(`${url}/mcp`)
})

test('a host that dies is replaced if the world must keep running', async () => {
  const { url, hosts } = await stack({ keepAlive: true })
  await hosts()[0]?.kill()
  await expect
    .poll(() =>
      fetch(url + metadata).then(
        (response) => response.status,
        () => 0,
      ),
    )
    .toBe(200)
})

test('a failed build leaves the running functions unchanged; a successful build replaces them', async () => {
  const { url, hosts, rebuild } = await stack({ keepAlive: true })
  const [before] = hosts()
  await expect(rebuild(AbortSignal.abort())).rejects.toThrow('aborted')
  expect(hosts()).toEqual([before])
  await rebuild(new AbortController().signal)
  expect(hosts()[0]?.pid).not.toBe(before?.pid)
  expect((await fetch(url + metadata)).status).toBe(200)
})

test('a world that cannot start leaves nothing behind', async () => {
  const app = await freePorts()
  const { forms } = portsFrom(app)
  const other = createServer().listen(forms, '127.0.0.1')
  await expect(startWorld({ port: app, artifact: builtArtifact() })).rejects.toThrow(`Port ${forms} is in use`)
  await new Promise((resolve) => other.close(resolve))
  await expect(startWorld({ port: app, artifact: { ...builtArtifact(), manifestPath: '/nowhere' } })).rejects.toThrow()
  const again = await startWorld({ port: app, artifact: builtArtifact() })
  await again.stop()
})

test('a world that is stopped during its build does not wait for the build', async () => {
  const interrupted = new AbortController()
  const onProgress = () => interrupted.abort()
  await expect(startWorld({ signal: interrupted.signal, onProgress })).rejects.toThrow(BuildFailed)
})

test('every address in the banner shows in a browser what it is', async () => {
  const { url, provider, kapa, crm, hub, forms, emulator } = await stack()
  const { edgeURL, uncachedEdgeURL } = emulator.clientOptions()
  const addresses = [url, provider.issuer, kapa.url, hub.url, forms.url, crm.url, edgeURL, uncachedEdgeURL]
  const texts = await Promise.all(
    addresses.map(async (address) => {
      const response = await fetch(address, { headers: { accept: 'text/html,*/*;q=0.8' } })
      return `${response.status} ${await response.text()}`
    }),
  )
  expect(texts).toEqual(
    [
      /^200 .*for AI clients/s,
      /^200 The OpenID Provider/,
      /^200 The Kapa/,
      /^200 The API-reference hub/,
      /^200 The documentation site/,
      /^200 The CRM/,
      /^403 The Netlify Blobs emulator/,
      /^403 The Netlify Blobs emulator/,
    ].map((text) => expect.stringMatching(text)),
  )
})
