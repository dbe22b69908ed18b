import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { signInToAccount } from '../support/account.ts'
import { sendFrom, statusesOf } from '../support/from-address.ts'
import { hourWithRoom } from '../support/hour.ts'
import { callMcp, newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

const [readToken, oldReadToken, writeToken, newWriteToken] = [newSecret(), newSecret(), newSecret(), newSecret()]
const adminAddress = newAddress()
const asked = newAddress()

let stack: Stack
let sub = ''
beforeAll(async () => {
  stack = await startStack({
    settings: {
      MCP_ADMIN_TOKEN: `${readToken}, ${oldReadToken}`,
      MCP_ADMIN_WRITE_TOKEN: `${writeToken}, ${newWriteToken}`,
      MCP_ADMINS: adminAddress,
      MCP_OAUTH_PROXY_HOSTS: 'proxy.example',
    },
  })
  const { accessToken } = await obtainTokens(await registerClient(stack.url, '=cmd|"calc"'), asked)
  await callMcp(stack.mcpUrl, accessToken, 'tools/call', { name: 'whoami', arguments: {} })
  sub = await vi.waitFor(async () => {
    const [person] = await find(asked)
    if (typeof person?.sub !== 'string') throw new Error('not recorded yet')
    return person.sub
  }, 60_000)
})
afterAll(() => stack?.stop())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function api(path: string, { token = readToken, method = 'GET', body, headers = {} }: ApiCall = {}) {
  const answer = await send(`${stack.url}/admin/api${path}`, {
    method,
    headers: { ...bearer(token), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Record<string, unknown> }
}
interface ApiCall {
  readonly token?: string
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}
const rows = async (path: string) => ((await api(path)).json.rows ?? []) as readonly Record<string, unknown>[]
const find = async (email: string) =>
  ((await post('/people/find', { email }, readToken)).json.rows ?? []) as readonly Record<string, unknown>[]
const post = (path: string, body: unknown = {}, token = writeToken) => api(path, { method: 'POST', token, body })

/** A request with the cookies of a browser, and these headers. */
const byBrowser = (browser: Browser, path: string, headers: Record<string, string>, sent: object = {}) =>
  send(`${stack.url}/admin/api${path}`, {
    ...sent,
    headers: {
      cookie: browser.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? '',
      ...headers,
    },
  })

describe('a token reads', () => {
  test('every report, of what happened a moment ago [F-000-01 F-001-28]', async () => {
    const company = asked.split('@')[1]
    await expect.poll(() => rows('/companies?days=1')).toContainEqual(expect.objectContaining({ domain: company }))
    const [{ id } = {}] = (await rows('/companies?days=1')).filter(({ domain }) => domain === company)
    expect((await api(`/companies/${id}?days=7`)).json).toMatchObject({ domain: company, calls: 1 })
    expect(await rows(`/people?company=${id}`)).toMatchObject([{ sub, email: asked, calls: 1 }])
    expect((await api(`/people/${sub}`)).json.connections).toMatchObject([{ name: '=cmd|"calc"' }])
    expect((await api('/usage?days=1')).json).toMatchObject({ calls: 1, failed: 0 })
    expect(await rows('/clients')).toContainEqual(expect.objectContaining({ calls: 1, signIns: 1 }))
    expect(await rows('/tools')).toContainEqual(expect.objectContaining({ tool: 'whoami', calls: 1, offered: true }))
    expect((await rows('/funnel')).length).toBe(1)
    expect(await rows('/refusals')).toEqual([])
    expect((await api('/new')).json).toMatchObject({ peopleCount: 1 })
    expect((await api('/webhooks')).json).toEqual({ messages: [] })
    expect((await api('/blocks')).json).toEqual({ rows: [], by_setting: [] })
    expect((await api(`/people/${sub}/disclosure`)).json.sub).toBe(sub)
    expect((await api('/audit?action=admin')).json.entries).toContainEqual(
      expect.objectContaining({ action: 'admin-disclose', actor: expect.stringMatching(/^token [\w-]{8}$/) }),
    )
    expect((await api('/audit/verify')).json).toMatchObject({ problems: [] })
    expect((await api('')).json).toMatchObject({ may: 'read' })
  })

  test('an export as a stream, in which no name is a formula [N21]', async () => {
    const answer = await send(`${stack.url}/admin/api/export/usage?days=1&format=csv`, { headers: bearer(readToken) })
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(text).toMatch(/^day,person,company,client,what,name,outcome,count\r\n/)
    expect(text).toContain(`"'=cmd|""calc"""`)
    const zipped = await send(`${stack.url}/admin/api/export/people`, {
      headers: { ...bearer(readToken), 'accept-encoding': 'gzip' },
    })
    const unzipped = gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()
    expect(
      unzipped
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ sub, email: asked }])
    expect((await api('/audit?action=admin-export')).json.entries).toMatchObject([
      { detail: 'people 30 days, ndjson' },
      { detail: 'usage 1 days, csv' },
    ])
  })

  test('the story of an attempt, and each look into the audit log [N29]', async () => {
    const { entries } = (await api('/audit?action=grant')).json as { entries: { attempt: string }[] }
    const code = entries[0]?.attempt ?? ''
    expect((await api(`/trace/${code.toLowerCase()}`)).json).toMatchObject({
      code,
      text: expect.stringContaining(code),
    })
    expect((await api('/audit?action=admin-trace')).json.entries).toMatchObject([
      { attempt: code, actor: expect.stringMatching(/^token [\w-]{8}$/) },
    ])
    expect((await api('/trace/261130-2222-2222')).status).toBe(404)
  })
})

describe('a token acts', () => {
  test('blocks a client and unblocks it, in the audit log', async () => {
    expect((await post('/blocks', { entry: 'evil.example', note: 'spam' })).json).toEqual({ changed: true })
    expect((await post('/blocks', { entry: 'evil.example' })).json).toEqual({ changed: false })
    expect(await rows('/blocks')).toMatchObject([{ entry: 'evil.example', note: 'spam' }])
    expect((await post('/unblock', { entry: 'evil.example' })).json).toEqual({ changed: true })
    expect((await api('/audit?action=admin-block')).json.entries).toHaveLength(2)
  })

  test('ends everything that is connected as a person, and forgets the person', async () => {
    const email = newAddress()
    const { accessToken } = await obtainTokens(await registerClient(stack.url), email)
    await expect.poll(async () => (await find(email)).length).toBe(1)
    const [person] = await find(email)
    expect((await post(`/people/${person?.sub}/revoke`)).json).toMatchObject({ grants: 1 })
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(401)
    expect((await post(`/people/${person?.sub}/forget`)).json).toMatchObject({ grants: 1 })
    expect((await api(`/people/${person?.sub}/forgetting`)).json).toEqual({ forgetting: 'waiting' })
  })
})

describe('MCP_ADMIN_TOKEN and MCP_ADMIN_WRITE_TOKEN: a token of the operator [N30]', () => {
  test('may be two at once, for a rotation, and the read token changes nothing', async () => {
    for (const token of [readToken, oldReadToken, writeToken, newWriteToken]) {
      expect((await api('/tools', { token })).status).toBe(200)
    }
    const paths = [`/people/${sub}/revoke`, `/people/${sub}/forget`, '/blocks', '/unblock', '/webhooks/replay']
    for (const token of [readToken, oldReadToken]) {
      for (const path of paths) {
        const { status, json } = await post(path, { entry: 'a.example', all: true }, token)
        expect([path, status, json.error]).toEqual([path, 403, 'read_only'])
      }
    }
    expect((await post('/webhooks/replay', { all: true }, newWriteToken)).json).toEqual({ replayed: 0 })
  })

  test.each([
    ['origin', 'https://evil.example'],
    ['origin', 'null'],
    ['sec-fetch-site', 'same-origin'],
    ['sec-fetch-user', '?1'],
    ['sec-fetch-dest', 'document'],
  ])('is refused with %s: %s, since a browser must not have it', async (name, value) => {
    const { status, headers, json } = await api('/people', { headers: { [name]: value } })
    expect([status, json.error, headers.get('access-control-allow-origin')]).toEqual([403, 'not_for_browsers', null])
  })

  test('is not taken from anywhere else, and a preflight allows nothing', async () => {
    const without = async (path: string, headers = {}) => {
      const answer = await send(`${stack.url}/admin/api${path}`, { headers })
      return answer.status
    }
    expect(await without('/people')).toBe(401)
    expect(await without(`/people?access_token=${readToken}`)).toBe(401)
    expect(await without('/people', { authorization: `Basic ${btoa(`admin:${readToken}`)}` })).toBe(401)
    expect(await without('/people', { cookie: `session=${readToken}` })).toBe(401)
    const preflight = await send(`${stack.url}/admin/api/people`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-headers': 'authorization' },
    })
    expect([preflight.ok, preflight.headers.get('access-control-allow-origin')]).toEqual([false, null])
  })

  test('that is wrong is refused, and after ten wrong ones the address waits, whatever it sends', async () => {
    const from = (address: string, token: string) =>
      sendFrom(stack, address, 0, '/admin/api/tools', { headers: bearer(token) })
    await hourWithRoom()
    const wrong = await Promise.all(Array.from({ length: 14 }, () => from('127.0.7.1', newSecret())))
    expect(new Set(statusesOf(wrong))).toEqual(new Set([401, 429]))
    expect(wrong.filter(({ status }) => status === 401)).toHaveLength(10)
    const limited = await from('127.0.7.1', writeToken)
    expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect((await from('127.0.7.2', writeToken)).status).toBe(200)
    expect(stack.logs.join('\n')).toContain('"admin_api_refused"')
  })

  test('works at the issuer’s host, and not at a proxy’s [N13]', async () => {
    const answer = await send(`${stack.url}/admin/api/tools`, {
      headers: { ...bearer(readToken), host: 'proxy.example' },
    })
    expect(answer.status).toBe(404)
  })
})

describe('an admin who has signed in', () => {
  const own = { 'sec-fetch-site': 'same-origin' }

  test('reads and acts, as far as a page of ours sends the request', async () => {
    const query = 'return=/account&fresh=true'
    const { browser } = await signInToAccount(stack.url, { email: adminAddress, query })
    expect((await byBrowser(browser, '/tools', own)).status).toBe(200)
    expect((await byBrowser(browser, '/tools', { 'sec-fetch-site': 'none' })).status).toBe(200)
    expect((await byBrowser(browser, '/tools', {})).status).toBe(401)
    const refused = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { ...own, origin: 'https://evil.example' },
    ]
    for (const headers of refused) expect((await byBrowser(browser, '/tools', headers)).status).toBe(403)

    const block = (headers: Record<string, string>, body = '{"entry":"page.example"}') =>
      byBrowser(browser, '/blocks', headers, { method: 'POST', body })
    const json = { 'content-type': 'application/json' }
    const ours = { ...own, ...json, origin: stack.url }
    expect((await block(ours)).status).toBe(200)
    for (const headers of [
      { ...json, origin: stack.url },
      { ...json, ...own },
      { ...json, 'sec-fetch-site': 'same-site', origin: stack.url },
      { ...json, ...own, origin: 'null' },
    ]) {
      expect((await block(headers, '{"entry":"evil.example"}')).status).toBe(403)
    }
    expect((await block(json)).status).toBe(401)
    expect((await block({ ...ours, 'content-type': 'text/plain' })).status).toBe(415)
    expect(await rows('/blocks')).toMatchObject([{ entry: 'page.example' }])
    expect((await post('/unblock', { entry: 'page.example' })).status).toBe(200)
  })

  test('who signed in more than ten minutes ago reads reports, and must sign in again for everything else [N5]', async () => {
    stack.provider.faults.claims = { auth_time: Math.floor(Date.now() / 1000) - 601 }
    const { browser } = await signInToAccount(stack.url, { email: adminAddress }).finally(
      () => delete stack.provider.faults.claims,
    )
    expect((await byBrowser(browser, '/people', own)).status).toBe(200)
    const sent = { method: 'POST', body: '{}' }
    const headers = { ...own, 'content-type': 'application/json', origin: stack.url }
    for (const answer of [
      await byBrowser(browser, '/export/people', own),
      await byBrowser(browser, `/people/${sub}/disclosure`, own),
      await byBrowser(browser, `/people/${sub}/forget`, headers, sent),
      await byBrowser(browser, `/people/${sub}/revoke`, headers, sent),
      await byBrowser(browser, '/blocks', headers, sent),
    ]) {
      expect([answer.status, await answer.json()]).toMatchObject([403, { error: 'sign_in_again' }])
    }
  })

  test('is no admin without being in the list, and a wrong token never falls back to the session', async () => {
    const other = await signInToAccount(stack.url)
    const refused = await byBrowser(other.browser, '/tools', own)
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: 'not_an_admin' }])
    const { browser } = await signInToAccount(stack.url, { email: adminAddress })
    expect((await byBrowser(browser, '/tools', bearer(newSecret()))).status).toBe(401)
  })
})

test('a mistake is answered with words, and no answer is kept, framed or readable for another site', async () => {
  const said = async (path: string) => {
    const { status, json } = await api(path)
    return [status, json.error_description]
  }
  expect(await said('/tools?days=14')).toEqual([400, 'days must be 1, 7, 30 or 90'])
  expect(await said('/tools?day=7')).toEqual([400, 'there is an unknown parameter: the parameters are days'])
  expect(await said('/companies?order=size')).toEqual([400, expect.stringContaining('order must be calls or people')])
  expect(await said('/people/ada')).toEqual([400, expect.stringContaining('begins with u_')])
  expect(await said(`/people/u_${'a'.repeat(43)}`)).toEqual([404, 'there is no such person'])
  expect(await said('/export/usage?part=17')).toEqual([400, expect.stringContaining('from 1 to 16')])
  expect(await said('/export/audit?part=1')).toEqual([400, expect.stringContaining('usage and people')])
  expect(await said('/export/secrets')).toEqual([404, expect.stringContaining('usage, people, companies, audit')])
  expect(await said('/nothing')).toEqual([404, expect.stringContaining('GET /admin/api')])
  expect(await said('/audit?from=yesterday')).toEqual([400, expect.stringContaining('ISO 8601')])
  expect((await post('/blocks', { entry: 'https://x' })).json.error_description).toContain('without a scheme')
  expect((await post('/webhooks/replay', {})).status).toBe(400)
  expect((await api('/tools', { method: 'POST', token: writeToken, body: {} })).status).toBe(405)
  const { headers } = await api('/people')
  expect(headers.get('cache-control')).toBe('private, no-store')
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
})

testOnBlobs('while the store is down, the answer is 503, also for a right token', async () => {
  stack.emulator.addFault({ action: 'status', status: 500 })
  const { status, headers } = await api('/people')
  stack.emulator.clearFaults()
  expect([status, headers.get('retry-after')]).toEqual([503, '5'])
})
