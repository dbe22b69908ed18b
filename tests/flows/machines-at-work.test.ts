import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { admin } from '../../cli/admin.ts'
import { token } from '../../cli/token.ts'
import { personSignsIn } from '../../dev/browser/person.ts'
import { type IdentitySystem, startIdentitySystem } from '../../dev/issuers/identity-system.ts'
import { repository } from '../../dev/repository.ts'
import { createWatchedBrowser, keepSecret, keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { open, press, signInToAccount } from '../support/account.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const secret = 'the secret of the machines at work, long enough'
const adminToken = newSecret()
const adminAddress = newAddress()
const pair = await generateKeyPair('ES256', { extractable: true })

let stack: Stack
let okta: IdentitySystem
let github: IdentitySystem
let cluster: IdentitySystem
let folder: string
let settings: Readonly<Record<string, string>>

beforeAll(async () => {
  keepSecret(secret)
  folder = await mkdtemp(join(tmpdir(), 'machines-'))
  okta = await startIdentitySystem('okta', 'portal', { isPublic: true })
  github = await startIdentitySystem('platform', 'none')
  cluster = await startIdentitySystem('platform', 'none')
  settings = {
    MCP_ADMIN_WRITE_TOKEN: adminToken,
    MCP_ADMINS: adminAddress,
    MCP_PLANS: JSON.stringify({ acme: { limit: 7, organizations: ['tenant:acme'] } }),
    MCP_MACHINE_LIMIT: '500',
    MCP_OAUTH_CLIENTS: JSON.stringify([
      {
        client_id: 'portal',
        grant_types: [jwtBearer, 'client_credentials'],
        client_secret_sha256: createHash('sha256').update(secret).digest('hex'),
      },
      {
        client_id: 'nightly',
        grant_types: ['client_credentials'],
        jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'n', alg: 'ES256' }] },
      },
    ]),
    MCP_TENANTS: JSON.stringify([{ name: 'acme', title: 'Acme Corporation', issuer: okta.issuer, domains: ['acme.example'] }]),
    MCP_MACHINES: JSON.stringify([
      { name: 'docs-ci', issuer: github.issuer, claims: { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/main' } },
      { name: 'docs-agent', issuer: cluster.issuer, claims: { 'kubernetes.io': { namespace: 'docs', serviceaccount: { name: 'agent' } } } },
      { name: 'portal-check', client: 'portal' },
      { name: 'nightly-check', client: 'nightly', limit: 1, scope: 'docs:read docs:feedback' },
    ]),
  } // biome-ignore format: one line
  stack = await startStack({ settings })
})
afterAll(async () => {
  await Promise.all([stack?.stop(), okta?.stop(), github?.stop(), cluster?.stop()])
  await rm(folder, { recursive: true, force: true })
})

/** Runs `npm run token -- …` against this stack. A user who signs in does so in a browser of their own. */
async function getToken(args: readonly string[], environment: Readonly<Record<string, string>> = {}, email = newAddress()) {
  const [out, notes]: [string[], string[]] = [[], []]
  const output = (into: string[]) => ({ write: (text: string | Uint8Array) => void into.push(String(text)), isTerminal: false })
  const exit = await token(args, {
    environment,
    out: output(out),
    notes: output(notes),
    fetch: async (...sent) => {
      const answer = await fetch(...sent)
      await keepSecretsOf(answer.clone())
      return answer
    },
    local: async () => ({ origin: stack.url, token: adminToken }),
    open: (url) => {
      personSignsIn({ authorizationUrl: url, email, browser: createWatchedBrowser() })
        .then((answer) => fetch(answer))
        .catch((error: unknown) => console.error('The user could not sign in:', error))
    },
  })
  return { exit, out: out.join(''), notes: notes.join(''), token: out.join('').trim() }
} // biome-ignore format: one line

const whoami = async (shown: string) => callTool(stack.mcpUrl, 'whoami', {}, shown)

/** The examples use what the runners of GitHub have. A machine without curl or jq cannot try them. */
const isWithoutCurl = ['curl', 'jq', 'bash'].some((program) => spawnSync(program, ['--version']).status !== 0)

/** Runs a script as GitHub Actions and a shell in a pod do. */
async function runs(script: string, environment: Readonly<Record<string, string>>) {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, notes]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => notes.push(chunk))
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const text = Buffer.concat(out).toString()
  keepSecret(/::add-mask::(\S+)/.exec(text)?.[1])
  return { exit, out: text, notes: Buffer.concat(notes).toString() }
}

/** The block of docs/machines.md below a heading that contains a text. */
async function blockOf(heading: string, containing: string): Promise<string> {
  const page = await readFile(join(repository, 'docs/machines.md'), 'utf8')
  const part = page.split(/^## /m).find((one) => one.startsWith(heading)) ?? ''
  const block = [...part.matchAll(/^ *```\w+\n(.*?)\n *```$/gms)].map(([, found = '']) => found).find((one) => one.includes(containing)) // biome-ignore format: one line
  if (block === undefined) throw new Error(`docs/machines.md has no such block: ${containing}`)
  return block
}

describe('the command that gets a token', () => {
  test('signs a developer in with the browser and prints the token, and nothing else [K-01]', async () => {
    const email = newAddress()
    const { exit, out, notes, token: shown } = await getToken([], {}, email)
    expect([exit, out]).toEqual([0, `${shown}\n`])
    expect(notes).toContain('Sign in with this address')
    expect(notes).not.toContain(shown)
    expect((await whoami(shown)).body.result?.structuredContent).toMatchObject({ email })
  })

  test.skipIf(isWithoutCurl)('prints a command that asks a question, which works, and JSON', async () => {
    const { out } = await getToken(['--curl', '--site', stack.url])
    const { exit, out: answer } = await runs(out, {})
    expect([exit, answer]).toEqual([0, expect.stringContaining('"structuredContent"')])
    const { out: json } = await getToken(['--json', '--scope', 'docs:read docs:feedback'])
    expect(JSON.parse(json)).toMatchObject({ token_type: 'Bearer', scope: 'docs:read docs:feedback', expires_in: 3600, resource: stack.mcpUrl }) // biome-ignore format: one line
  })

  test('gets the token of a machine: by a secret, by a key, by a file of its platform, and in a job of GitHub [K-01 W-01]', async () => {
    const [key, assertion, secretFile] = ['key.pem', 'assertion', 'secret'].map((name) => join(folder, name))
    await writeFile(String(key), await exportPKCS8(pair.privateKey))
    await writeFile(String(secretFile), `${secret}\n`)
    await writeFile(String(assertion), await cluster.workloadToken(stack.url, ofPod))
    const ways: readonly (readonly [string, readonly string[], Record<string, string>?])[] = [
      ['portal-check', ['--client-id', 'portal', '--secret-file', String(secretFile)]],
      ['portal-check', ['--client-id', 'portal'], { MCP_CLIENT_SECRET: secret }],
      ['nightly-check', ['--client-id', 'nightly', '--key-file', String(key), '--key-id', 'n']],
      ['docs-agent', ['--assertion-file', String(assertion)]],
      ['docs-ci', [], github.jobEnvironment],
    ]
    for (const [name, args, environment] of ways) {
      const { exit, notes, token: shown } = await getToken(['--machine', ...args], environment)
      expect([exit, notes]).toEqual([
        0,
        expect.stringContaining(name === 'nightly-check' ? 'docs:feedback' : 'docs:read'),
      ])
      const [, payload = ''] = shown.split('.')
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString()).grant).toMatch(`machine/${name}.`)
    }
  })

  test('says what is wrong, where to look for a refusal, and prints no token', async () => {
    const file = join(folder, 'foreign')
    await writeFile(file, await github.workloadToken(stack.url, { repository: 'evil/docs' }))
    const wrong: readonly (readonly [readonly string[], number, string])[] = [
      [['--machine', '--assertion-file', file], 4, 'assertion_refused'],
      [['--machine'], 2, 'How does the machine prove who it is?'],
      [['--machine', '--client-id', 'portal'], 2, 'MCP_CLIENT_SECRET'],
      [['--key-file', file], 2, 'add --machine'],
      [['--machine', '--client-id', 'nightly', '--key-file', file], 2, 'no private key'],
      [['--site', 'http://docs.example.com'], 2, 'https URL'],
      [['--site', okta.issuer], 1, 'not this service'],
      [['--sight'], 2, "Unknown option '--sight'"],
    ]
    for (const [args, exit, words] of wrong) {
      expect(await getToken(args)).toMatchObject({ exit, out: '', notes: expect.stringContaining(words) })
    }
    const { exit, notes } = await getToken(['--machine', '--client-id', 'portal'], { MCP_CLIENT_SECRET: 'wrong' })
    expect([exit, notes]).toEqual([4, expect.stringContaining('invalid_client')])
    expect((await getToken(['--help'])).out).toContain('npm run -s token -- --machine')
  })
})

/** What Kubernetes says of a pod. */
const ofPod = {
  sub: 'system:serviceaccount:docs:agent',
  'kubernetes.io': { namespace: 'docs', serviceaccount: { name: 'agent', uid: 'f3b1' }, pod: { name: 'docs-agent' } },
}

describe('the examples of docs/machines.md', () => {
  test.skipIf(isWithoutCurl)(
    'the workflow of GitHub Actions asks a question with the identity of its job [W-01 W-02]',
    async () => {
      const block = await blockOf('How does a workflow of GitHub Actions', 'id-token: write')
      const script = block.slice(block.indexOf('run: |') + 'run: |'.length)
      const environment = { ...github.jobEnvironment, DOCS: stack.url, QUESTION: 'What is a "sign-in"?' }
      const { exit, out, notes } = await runs(script, environment)
      expect([exit, notes]).toEqual([0, ''])
      expect(out).toMatch(/::add-mask::.+"structuredContent"/s)
      // The token of a job of another repository gives nothing, and the workflow fails.
      Object.assign(github.faults, { claims: { repository: 'evil/docs' } })
      const refused = await runs(script, environment)
      Object.assign(github.faults, { claims: {} })
      expect(refused.exit).not.toBe(0)
      expect(refused.out).not.toContain('structuredContent')
    },
  )

  test.skipIf(isWithoutCurl)(
    'the pod of Kubernetes asks a question with its projected token, once for each token [W-02 W-04]',
    async () => {
      const file = join(folder, 'projected')
      await writeFile(file, await cluster.workloadToken(stack.url, ofPod))
      const block = await blockOf('How does a Kubernetes pod', 'token=$(curl')
      const script = block.replace('https://docs.example.com', stack.url).replace('/var/run/secrets/docs/token', file)
      expect(await runs(script, {})).toMatchObject({ exit: 0, out: expect.stringContaining('structuredContent') })
      expect((await runs(script, {})).exit).not.toBe(0)
      await writeFile(file, await cluster.workloadToken(stack.url, { ...ofPod, 'kubernetes.io': { namespace: 'evil', serviceaccount: { name: 'agent' } } })) // biome-ignore format: one line
      expect((await runs(script, {})).exit).not.toBe(0)
    },
  )
})

/** Runs `npm run admin -- …` with the token of the environment. */
async function command(args: readonly string[]) {
  const [out, notes]: [string[], string[]] = [[], []]
  const output = (into: string[]) => ({ write: (text: string | Uint8Array) => void into.push(String(text)), isTerminal: false }) // biome-ignore format: one line
  const exit = await admin([...args, '--site', stack.url], {
    environment: { MCP_ADMIN_WRITE_TOKEN: adminToken },
    out: output(out),
    notes: output(notes),
    width: 100,
    bold: (text) => text,
    fetch,
    tokenFile: join(folder, 'tokens.json'),
    local: async () => null,
    ask: async () => null,
    wait: async () => undefined,
  })
  return { exit, out: out.join(''), notes: notes.join('') }
}

const basic = () => {
  const header = `Basic ${Buffer.from(`portal:${secret}`).toString('base64')}`
  keepSecret(header)
  return header
}

/**
 * The steps of the official suite's client for `auth/enterprise-managed-authorization`: it has no secret at the identity system, names
 * no scope, and sends no `resource` to the token endpoint.
 */
async function tokenOfPerson(email: string): Promise<string> {
  const metadata = await (await fetch(`${stack.url}/.well-known/oauth-protected-resource/mcp`)).json()
  const exchanged = await fetch(okta.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      audience: metadata.authorization_servers[0],
      resource: metadata.resource,
      subject_token: await okta.idToken(email),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      client_id: okta.clientId,
    }),
  })
  const { access_token: assertion } = await exchanged.json()
  const answer = await fetch(`${stack.url}/oauth/token`, { method: 'POST', headers: { authorization: basic() }, body: new URLSearchParams({ grant_type: jwtBearer, assertion }) }) // biome-ignore format: one line
  await keepSecretsOf(answer.clone())
  return (await answer.json()).access_token ?? `refused: ${answer.status}`
}

async function api(path: string, method: 'GET' | 'POST' = 'GET') {
  const headers = { authorization: `Bearer ${adminToken}`, ...(method === 'POST' && { 'content-type': 'application/json' }) }
  const answer = await send(`${stack.url}/admin/api${path}`, { method, headers, ...(method === 'POST' && { body: '{}' }) })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
} // biome-ignore format: one line

test('a machine at its limit is limited alone: other machines, and people by the plan of their company, have limits of their own', async () => {
  await writeFile(join(folder, 'limited.pem'), await exportPKCS8(pair.privateKey))
  const nightly = ['--machine', '--client-id', 'nightly', '--key-file', join(folder, 'limited.pem')]
  const tokens = [(await getToken(nightly)).token, (await getToken(nightly)).token]
  const calls = [await whoami(String(tokens[0])), await whoami(String(tokens[1]))]
  expect(calls.map(({ status }) => status)).toEqual([200, 429])
  const { token: other } = await getToken(['--machine', '--client-id', 'portal'], { MCP_CLIENT_SECRET: secret })
  const policies = await Promise.all([other, await tokenOfPerson('limits@acme.example')].map(whoami))
  expect(policies.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual([
    expect.stringMatching(/^"machine";q=500;/),
    expect.stringMatching(/^"acme";q=7;/),
  ])
})

describe('an admin', () => {
  test('sees machines as machines in every report, with a line of their own, and no person and no company [N6]', async () => {
    const { token: shown } = await getToken(['--machine'], github.jobEnvironment)
    for (let call = 0; call < 3; call += 1) expect((await whoami(shown)).status).toBe(200)
    const row = (name: string) => expect.objectContaining({ kind: 'machine', name, configured: true })
    const { calls } = await vi.waitFor(async () => {
      const { rows } = (await api('/machines?days=1')).json
      expect(rows).toEqual(expect.arrayContaining([row('docs-ci'), row('nightly-check')]))
      const found = (rows as { name: string; calls: number }[]).find(({ name }) => name === 'docs-ci')
      if (!found || found.calls < 3) throw new Error('not recorded yet')
      return found
    }, 60_000)
    const usage = (await api('/usage?days=1')).json
    expect(Number(usage.machineCalls)).toBeGreaterThanOrEqual(calls)
    const clients = (await api('/clients?days=1')).json.rows
    expect(clients).toContainEqual(expect.objectContaining({ client: expect.objectContaining({ name: 'docs-ci', machine: true }), signIns: 0 }))
    expect(JSON.stringify([(await api('/people?days=1')).json, (await api('/companies?days=1')).json])).not.toContain('docs-ci')
    const csv = await (await send(`${stack.url}/admin/api/export/usage?days=1&format=csv`, { headers: { authorization: `Bearer ${adminToken}` } })).text()
    expect(csv).toMatch(/^"?\d{8}"?,"?machine"?,[^\n]*docs-ci[^\n]*whoami/m)
  }) // biome-ignore format: one line

  test('ends a machine: its tokens on every instance, and the assertions from before [N2]', async () => {
    const { token: shown } = await getToken(['--machine'], github.jobEnvironment)
    const other = (await getToken(['--machine', '--client-id', 'portal'], { MCP_CLIENT_SECRET: secret })).token
    const before = await github.workloadToken(stack.url)
    expect((await api('/machines/docs-ci/end', 'POST')).json).toEqual({ ended: 'docs-ci' })
    const fresh = await deploySameIssuer(stack, settings)
    const at = (used: string) => callTool(`${fresh.url}/mcp`, 'whoami', {}, used)
    expect([(await at(shown)).status, (await at(other)).status]).toEqual([401, 200])
    await writeFile(join(folder, 'before'), before)
    expect((await getToken(['--machine', '--assertion-file', join(folder, 'before')])).exit).toBe(4)
    const { entries } = (await api('/audit?action=admin-end-machine')).json
    expect(entries).toEqual([expect.objectContaining({ actor: expect.stringMatching(/^token /), detail: 'docs-ci' })])
    expect((await api('/machines/nothing/end', 'POST')).status).toBe(404)
  })

  test('ends a company, and a company that leaves the settings loses every token at once [N2 E-09]', async () => {
    const [ada, later] = [await tokenOfPerson('ada@acme.example'), await tokenOfPerson('grace@acme.example')]
    expect((await whoami(ada)).body.result?.structuredContent).toMatchObject({ organization: { id: 'tenant:acme' } })
    const { MCP_TENANTS: _, ...without } = settings
    const removed = await deploySameIssuer(stack, { ...without, MCP_TENANTS: '' })
    expect((await callTool(`${removed.url}/mcp`, 'whoami', {}, later)).status).toBe(401)
    expect((await api('/tenants')).json.rows).toEqual([expect.not.objectContaining({ endedAt: expect.anything() })])
    expect((await api('/tenants/acme/end', 'POST')).status).toBe(200)
    const fresh = await deploySameIssuer(stack, settings)
    for (const used of [ada, later]) expect((await callTool(`${fresh.url}/mcp`, 'whoami', {}, used)).status).toBe(401)
    expect((await api('/tenants')).json.rows).toEqual([expect.objectContaining({ name: 'acme', endedAt: expect.any(Number) })])
  }) // biome-ignore format: one line

  test('finds both on a page, ends a machine there, and blocks one: a workload gets no token either until it is unblocked [N2]', async () => {
    const { browser, page } = await signInToAccount(stack.url, { email: adminAddress, query: 'return=%2Fadmin%2Fmachines&fresh=true' })
    expect(page.heading).toBe('Machines and companies')
    for (const words of ['docs-ci', 'docs-agent', 'portal-check', 'Acme Corporation', okta.issuer]) expect(page.html).toContain(words)
    const { token: portal } = await getToken(['--machine', '--client-id', 'portal'], { MCP_CLIENT_SECRET: secret })
    const ask = await open(browser, `${stack.url}/admin/machines/portal-check/end`)
    expect(ask.heading).toBe('End all tokens of the machine portal-check?')
    expect((await press(browser, ask, 'End all tokens')).html).toContain('Every token that this machine had has ended')
    expect((await open(browser, `${stack.url}/admin/machines/nothing/end`)).status).toBe(404)
    const assertion = join(folder, 'agent')
    const agent = async () => {
      await writeFile(assertion, await cluster.workloadToken(stack.url, ofPod))
      return getToken(['--machine', '--assertion-file', assertion])
    }
    const { token: shown } = await agent()
    const [, entry = ''] = /blocked\?entry=([\w-]{43})" aria-label="Block docs-agent"/.exec(page.html) ?? []
    await press(browser, await open(browser, `${stack.url}/admin/blocked?entry=${entry}`), 'Block', { entry })
    expect((await agent()).exit).toBe(4)
    const fresh = await deploySameIssuer(stack, settings)
    for (const used of [portal, shown]) expect((await callTool(`${fresh.url}/mcp`, 'whoami', {}, used)).status).toBe(401)
    expect((await command(['unblock', 'machine:docs-agent'])).exit).toBe(0)
    expect((await agent()).exit).toBe(0)
  }) // biome-ignore format: one line

  test('does the same from the command line', async () => {
    const machines = await command(['machines', '--days', '1'])
    expect(machines.out).toMatch(/^Machine +Proves itself as +Scope +Calls +Failed +Refused +Ended\n/)
    expect(machines.out).toMatch(/^docs-ci +http/m)
    expect((await command(['tenants'])).out).toMatch(/^acme +Acme Corp/m)
    expect((await command(['clients', '--days', '1'])).out).toMatch(/^docs-ci +machine /m)
    expect((await command(['usage', '--days', '1'])).out).toMatch(/[1-9]\d* calls? of machines/)
    expect(await command(['end-machine', 'docs-agent', '--yes'])).toMatchObject({ exit: 0, out: expect.stringContaining('Ended: every token of the machine docs-agent') }) // biome-ignore format: one line
    expect(await command(['end-tenant', 'nothing', '--yes'])).toMatchObject({ exit: 3 })
    expect(await command(['block', 'machine:nothing'])).toMatchObject({ exit: 3 })
  })
})
