import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { open, press, signInToAccount } from '../support/account.ts'
import { deploy, deploySameIssuer } from '../support/deploy.ts'
import { callTool } from '../support/mcp.ts'
import { callMcp, newAddress, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

const email = newAddress()
const organization = 'org_of_the_docs_team'

let stack: Stack
let admin: Browser
beforeAll(async () => {
  stack = await startStack({ settings: { MCP_ADMINS: `${email}, org:${organization}` } })
  admin = (await enter(email)).browser
})
afterAll(() => stack?.stop())

/** A person who signs in, and goes to a page for admins. The sign-in is recent enough for every action. */
const enter = (address: string, path = '/admin') =>
  signInToAccount(stack.url, { email: address, query: `return=${encodeURIComponent(path)}&fresh=true` })
const at = (path: string) => open(admin, stack.url + path)

/** A form as a page of another site, or a script, would send it with the admin's cookies. */
const post = (browser: Browser, path: string, body: URLSearchParams, headers: Record<string, string>) =>
  send(stack.url + path, {
    method: 'POST',
    body: body.toString(),
    headers: { ...cookieOf(browser), 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
const cookieOf = (browser: Browser) => ({
  cookie: browser.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? '',
})
const ours = () => ({ origin: stack.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' })

/** Claims of the provider for the sign-ins in `work`. */
async function withClaims<T>(claims: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  stack.provider.faults.claims = claims
  return work().finally(() => delete stack.provider.faults.claims)
}

const pages = [
  ...['/admin', '/admin?days=1', '/admin/new', '/admin/companies', '/admin/people', '/admin/clients', '/admin/blocked'],
  '/admin/machines',
  ...['/admin/tools', '/admin/sign-ins', '/admin/trace', '/admin/webhooks', '/admin/audit', '/admin/exports'],
  '/admin/search',
]

/** A person of a company who has connected a client and called a tool; their address in `/admin`. */
async function asker(name: string) {
  const address = `${newAddress().split('@')[0]}@${name.toLowerCase()}-works.example`
  const client = await registerClient(stack.url, name)
  const tokens = await obtainTokens(client, address)
  await callTool(stack.mcpUrl, 'whoami', {}, tokens.accessToken)
  const page = await vi.waitFor(
    async () => {
      const found = await press(admin, await at('/admin'), 'Search', { for: address.toUpperCase() })
      expect(found.heading).toBe(address)
      return found
    },
    { timeout: 15_000, interval: 200 },
  )
  return { address, client, tokens, page, path: page.url.pathname }
}

test('an admin sees who asked, through which client and tool, within a minute', async () => {
  const { address, page, path } = await asker('Inspector')
  // The address is in no URL, and so in no history and no log.
  expect(page.url.href).toMatch(/\/admin\/people\/u_[\w-]{43}$/)
  await vi.waitFor(
    async () => {
      const { html } = await at(`${path}?days=1`)
      expect(html).toContain('<dd>1<small>1 in all')
      expect(html).toContain('<bdi>Inspector</bdi>')
      expect(html).toContain('<code>whoami</code>')
    },
    { timeout: 20_000, interval: 300 },
  )
  const { html: companies } = await at('/admin/companies?search=inspector')
  expect(companies).toContain('inspector-works.example')
  const link = /href="(\/admin\/companies\/[^"?]+)"/.exec(companies)?.[1] ?? ''
  expect((await at(link)).html).toContain(address)
  expect((await at('/admin/people')).html).toContain(address)
  expect((await at('/admin/clients')).html).toContain('Inspector')
  expect((await at('/admin/sign-ins')).html).toContain('Inspector')
  expect((await at('/admin/tools')).html).toMatch(/whoami<\/code><\/th><td[^>]* data-title="Calls"><div>[1-9]/)
  expect((await at('/admin')).html).toContain('role="img" aria-label="Calls of tools.')
})

describe('who may enter', () => {
  const refused = { status: 403, heading: 'This page is for admins' }

  test('a person on the list by a verified address, or by the id of their organization, and no other person [N6]', async () => {
    expect((await at('/admin')).heading).toBe('Overview')
    const member = await withClaims({ org_id: organization }, () => enter(newAddress()))
    expect(member.page.heading).toBe('Overview')
    for (const page of pages) {
      const { browser } = await stranger
      expect([page, await open(browser, stack.url + page)]).toMatchObject([page, refused])
    }
    expect((await open(createWatchedBrowser(), `${stack.url}/admin`)).html).toContain('/login?return=%2Fadmin')
  })

  test.each([
    ['the name of their organization is that of an entry', {}, { org_id: 'org_evil', org_name: organization }],
    ['the name of their organization is an admin’s address', {}, { org_id: 'org_evil', org_name: email }],
    ['the id of their organization is an admin’s address', {}, { org_id: email }],
    ['the provider has not verified the address', { as: email }, { email_verified: false }],
    ['the provider says nothing about the address', { as: email }, { email_verified: undefined }],
    ['the provider says “true” as a text', { as: email }, { email_verified: 'false' }],
    [
      'the address differs by a letter that looks the same',
      {},
      { email: email.replace('e', 'е'), email_verified: true },
    ],
    ['the address is the beginning of an admin’s', {}, { email: email.slice(0, -1), email_verified: true }],
  ])('not a person although %s [N6]', async (_what, { as }: { as?: string }, claims) => {
    const { page } = await withClaims(claims, () => enter(as ?? newAddress()))
    expect(page).toMatchObject(refused)
  })

  test('not an admin whom the operator has removed, although the session goes on [N6]', async () => {
    const own = { MCP_OAUTH_OWN_HOST: 'true' }
    const before = await deploy(stack, { ...own, MCP_ADMINS: 'reader@example.com' })
    const browser = createWatchedBrowser()
    expect((await open(browser, `${before.url}/login?return=/admin`)).heading).toBe('Overview')
    const after = await before.follow({ ...own, MCP_ADMINS: `${email}, https://elsewhere.example reader@example.com` })
    // The entry of another provider is a mistake, and lets no person in.
    expect((await open(browser, `${after.url}/admin`)).heading).not.toBe('Overview')
    const removed = await after.follow({ ...own, MCP_ADMINS: email })
    expect(await open(browser, `${removed.url}/admin`)).toMatchObject(refused)
    expect((await open(browser, `${removed.url}/account`)).heading).toBe('Your account')
  })

  let stranger: ReturnType<typeof enter>
  beforeAll(async () => {
    stranger = enter(newAddress(), '/account')
    await stranger
  })
})

describe('an admin page', () => {
  test('cannot be framed, cached or read by another page', async () => {
    for (const path of [...pages, '/admin/nowhere', '/admin/people/u_x', '/admin/companies/x']) {
      const { headers, html } = await at(path)
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store'])
      expect(headers.get('x-frame-options')).toBe('DENY')
      const policy = headers.get('content-security-policy')
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("default-src 'none'")
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(html).not.toContain('<script')
    }
    for (const destination of ['iframe', 'frame', 'object', 'embed', 'empty', 'image']) {
      const headers = { ...cookieOf(admin), 'sec-fetch-dest': destination }
      expect((await send(`${stack.url}/admin`, { headers })).status).toBe(403)
    }
  })

  test('takes forms only from itself, for this admin, this session and this action [N21]', async () => {
    const { path } = await asker('Forms')
    const end = await at(`${path}/end`)
    const { fields } = end.form('End all connections')
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
      { origin: 'null', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
      { origin: stack.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-dest': 'document' },
    ]) {
      for (const target of [`${path}/end`, `${path}/forget`, '/admin/blocked', '/admin/exports', '/admin/search']) {
        expect([target, (await post(admin, target, fields, headers)).status]).toEqual([target, 403])
      }
    }
    const other = await enter(email)
    const search = other.page.form('Search').fields
    const stale = [
      await post(other.browser, `${path}/end`, fields, ours()),
      await post(admin, `${path}/end`, search, ours()),
      await post(admin, `${path}/forget`, fields, ours()),
      await post(admin, '/admin/blocked', fields, ours()),
      await post(admin, '/admin/exports', fields, ours()),
      await post(admin, '/admin/webhooks', fields, ours()),
    ]
    expect(stale.map(({ status }) => status)).toEqual(stale.map(() => 403))
    const body = new URLSearchParams({ form: 'x', attempt: '261130-K7QM-4XPD' })
    expect((await post(admin, '/admin/trace', body, ours())).status).toBe(403)
  })

  test('asks for a sign-in within ten minutes before what cannot be undone [N5]', async () => {
    const { path } = await asker('Recent')
    const { browser } = await signInToAccount(stack.url, { email, query: 'return=/admin' })
    expect((await open(browser, `${stack.url}/admin`)).heading).toBe('Overview')
    for (const recent of [`${path}/end`, `${path}/forget`, '/admin/blocked', '/admin/exports']) {
      expect((await open(browser, stack.url + recent)).heading).toBe('Sign in again')
    }
    const old = { auth_time: Math.floor(Date.now() / 1000) - 601 }
    const late = await withClaims(old, () => enter(email, `${path}/forget`))
    expect(late.page.heading).toBe('Sign in again')
  })
})

describe('an admin', () => {
  test('ends every connection of a person; the audit log has it', async () => {
    const { path, client, tokens } = await asker('Ended')
    const done = await press(admin, await at(`${path}/end`), 'End all connections')
    expect(done.html).toContain('Every connection of this person has ended.')
    expect((await client.refresh(tokens.refreshToken)).body.error).toBe('invalid_grant')
    const sub = path.slice('/admin/people/'.length)
    expect((await at(`/admin/audit?action=admin&days=1&person=${sub}`)).html).toContain('admin-end')
  })

  test('forgets a person after ticking the box', async () => {
    const { path, client, tokens } = await asker('Forgotten')
    const page = await at(`${path}/forget`)
    expect((await press(admin, page, 'Forget this person')).status).toBe(400)
    const { refreshToken } = tokensOf(await client.refresh(tokens.refreshToken))
    const done = await press(admin, page, 'Forget this person', { sure: 'yes' })
    expect(done.html).toContain('is being forgotten')
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
  })

  test('blocks a client on every instance, and takes it back', async () => {
    const { client, tokens } = await asker('Blocked')
    const other = await registerClient(stack.url, 'Other')
    const { refreshToken } = await obtainTokens(other)
    const entry = sha256(client.clientId)
    const page = await at(`/admin/blocked?entry=${entry}`)
    expect(page.form('Block').fields.get('entry')).toBe(entry)
    expect((await press(admin, page, 'Block', { entry: 'not a host!' })).status).toBe(400)
    const done = await press(admin, page, 'Block', { note: '<b>why</b>' })
    expect(done.html).toContain('The client is blocked.')
    expect(done.html).toContain('&lt;b&gt;why&lt;/b&gt;')

    // An instance that has not read the list yet. `lib/service/stored-blocks.test.ts` has those that have.
    const refresh = (url: string, of: typeof client, token: string) =>
      fetch(`${url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: of.clientId, refresh_token: token }),
      })
    const fresh = await deploySameIssuer(stack)
    const answer = await refresh(fresh.url, client, tokens.refreshToken)
    expect([answer.status, (await answer.json()).error]).toEqual([401, 'invalid_client'])
    expect((await refresh(fresh.url, other, refreshToken)).status).toBe(200)

    const undone = await press(admin, done, 'Unblock')
    expect(undone.html).toContain('no longer blocked')
    const again = await deploySameIssuer(stack)
    const { status } = await refresh(again.url, client, tokens.refreshToken)
    // The token was not rotated while the client was blocked, or the retry is within the grace window.
    expect(status).toBe(200)
    const { html } = await at('/admin/audit?action=admin&days=1')
    expect(html).toMatch(/admin-unblock.*admin-block/s)
  })

  test('reads the story of a sign-in by its code; asking is a form, and audited [N29]', async () => {
    const client = await registerClient(stack.url, 'Stuck')
    const { html } = await open(createWatchedBrowser(), client.authorizationRequest().url)
    const [code = ''] = /\b\d{6}-\w{4}-\w{4}\b/.exec(html) ?? []
    const page = await press(admin, await at('/admin'), 'Search', { for: code.toLowerCase().replaceAll('-', ' ') })
    expect(page.form('Tell its story').fields.get('attempt')).toBe(code)
    await vi.waitFor(
      async () => {
        const told = await press(admin, page, 'Tell its story')
        expect(told.html).toContain(`${code}: Under way`)
        expect(told.html).toContain('It calls itself “Stuck”')
      },
      { timeout: 10_000, interval: 200 },
    )
    expect((await at('/admin/audit?action=admin&days=1')).html).toContain(`attempt=${code}`)
    const unknown = await press(admin, page, 'Tell its story', { attempt: '200101-CCCC-CCCC' })
    expect(unknown.html).toContain('Nothing is known about this code.')
  })

  test.each(['csv', 'ndjson'])(
    'exports people as %s: streamed, audited, and no cell is a formula [N5 N21]',
    async (format) => {
      await withClaims({ org_id: `org_${format}`, org_name: '=HYPERLINK("https://evil.example","x")' }, () =>
        asker(`Export${format}`),
      )
      const { fields } = (await at('/admin/exports')).form('Download')
      for (const [name, value] of Object.entries({ what: 'people', days: '90', format })) fields.set(name, value)
      const answer = await post(admin, '/admin/exports', fields, ours())
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="people.${format}"`)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('transfer-encoding') ?? 'chunked').toBe('chunked')
      const lines = (await answer.text()).trim().split(/\r?\n/)
      const line = lines.find((one) => one.includes(`export${format}-works.example`)) ?? ''
      if (format === 'csv') {
        expect(lines[0]).toMatch(/^sub,email,/)
        expect(line).toContain(`"'=HYPERLINK(""https://evil.example"",""x"")"`)
      } else {
        expect(JSON.parse(line).company.name).toBe('=HYPERLINK("https://evil.example","x")')
      }
      expect((await at('/admin/audit?action=admin&days=1')).html).toContain('admin-export')
      fields.set('what', 'everything')
      expect((await post(admin, '/admin/exports', fields, ours())).status).toBe(400)
    },
  )

  testOnBlobs('does nothing while the audit log cannot be written', async () => {
    const { path, tokens } = await asker('Unaudited')
    const page = await at(`${path}/end`)
    stack.emulator.addFault({ action: 'status', status: 500, key: '^audit/' })
    try {
      expect((await press(admin, page, 'End all connections')).status).toBe(503)
      expect((await callMcp(stack.mcpUrl, tokens.accessToken)).status).toBe(200)
    } finally {
      stack.emulator.clearFaults()
    }
  })

  test('sends a dead message again only if there is one', async () => {
    const page = await at('/admin/webhooks')
    expect(page.html).toContain('Every message was delivered')
    expect(page.html).not.toContain('Send all again')
  })
})

test('a refresh token of a client that was never blocked works through all of this', async () => {
  const client = await registerClient(stack.url, 'Bystander')
  const { refreshToken } = await obtainTokens(client)
  tokensOf(await client.refresh(refreshToken))
})
