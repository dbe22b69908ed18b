import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { examine, type Report } from '../../cli/doctor/examine.ts'
import { startBlobsEmulator } from '../../dev/blobs/emulator.ts'
import type { Host } from '../../dev/host/start.ts'
import { createTestCa } from '../../dev/tls/ca.ts'
import { type CheckedSite, check, deployAgain, expectFound, startCheckedSite, userSignsIn } from '../support/doctor.ts'
import type { Stack } from '../support/stack.ts'

// What `npm run doctor` must never do, and what it says of a sound deployment. `npm run test:doctor` plants every fault.

let site: CheckedSite
let stack: Stack

beforeAll(async () => {
  site = await startCheckedSite()
  stack = site.stack
})
afterEach(() => site.heal())
afterAll(() => site?.stop())

describe('a sound deployment', () => {
  // The first test: no sign-in is still being recorded.
  test('nothing is found over TLS, and nothing stays in the store [N33]', async () => {
    const before = stack.emulator.operations().at(-1)?.sequence
    const report = await check(site)
    expect(report.findings).toEqual([])
    expect(report.groups.flatMap(({ title, skipped }) => (skipped === undefined ? [] : title))).toEqual([
      'A real sign-in',
    ])
    expect(report.journeys.map(({ client, way }) => [client, way])).toEqual([
      ['Claude', 'document'],
      ['ChatGPT', 'document'],
      ['Codex', 'document'],
      ['Cursor', 'registration'],
      ['VS Code', 'document'],
    ])
    const written = (method: string) =>
      stack.emulator
        .operations(before)
        .filter((operation) => operation.method === method && operation.status < 300)
        .map(({ key }) => key)
    const [put, removed] = [new Set(written('PUT')), new Set(written('DELETE'))]
    expect([...put].filter((key) => !key.startsWith('health/'))).toEqual([])
    expect([...put].filter((key) => !removed.has(key))).toEqual([])
    expect(put.size).toBeGreaterThan(16)
  })

  test('every line of the production checklist that a program can see is kept, and the others are left to a person [F-004-20]', async () => {
    const { lines } = await check(site, { signIn: userSignsIn(site) })
    expect(lines.filter(({ state }) => state !== 'kept').map(({ id, state }) => [id, state])).toEqual(
      ['previews', 'backups', 'logs', 'alerts', 'platform'].map((id) => [id, 'person']),
    )
  })

  test('MCP_HSTS=off removes the header, and the check says so [F-004-14]', async () => {
    const report = await checkThrough(await deployAgain(stack, { MCP_HSTS: 'off' }))
    expectFound(report, ['hsts-missing'])
    expect(report.lines[0]).toEqual({ id: 'https', state: 'broken', findings: ['hsts-missing'] })
  })

  test('nothing is found with a real sign-in, which is recorded from the approval on [N33]', async () => {
    const before = stack.emulator.operations().at(-1)?.sequence
    expectFound(await check(site, { signIn: userSignsIn(site) }), [])
    await expect
      .poll(() => {
        const keys = stack.emulator.operations(before).flatMap(({ method, key }) => (method === 'PUT' ? key : []))
        return ['approved', 'code', 'token', 'revocation'].filter((step) =>
          keys.some((key) => key.startsWith('attempts/') && key.includes(`.${step}.`)),
        )
      })
      .toEqual(['approved', 'code', 'token', 'revocation'])
  })

  test('nothing is found over http on this machine, but that documents of clients cannot be fetched', async () => {
    const own = { MCP_OAUTH_ISSUER: stack.url, URL: stack.url }
    expectFound(await checkLocal(await deployAgain(stack, own)), [])
    const host = await deployAgain(stack, { ...own, MCP_OAUTH_CIMD_LOCAL_ORIGINS: 'https://localhost:1' })
    expectFound(await checkLocal(host), ['documents-unreachable'])
  })

  function checkLocal(host: Host): Promise<Report> {
    const { hostname, port } = new URL(stack.url)
    const connect = (url: URL) => (url.port === port ? { host: hostname, port: host.port } : undefined)
    return examine(stack.url, {
      now: Date.now,
      token: site.token,
      connect,
      patience: { slow: 60_000, tooSlow: 120_000 },
    })
  }
})

describe('a check', () => {
  test('the certificate is not trusted: the other checks go on, and the token stays here', async () => {
    const other = await createTestCa()
    const sent: (string | undefined)[] = []
    site.proxy.rewriting = { request: (headers) => void sent.push(headers.authorization?.toString()) }
    expectFound(await check(site, { ca: [other.caPem] }), ['tls-untrusted'])
    expect(sent.length).toBeGreaterThan(20)
    expect(sent.filter((header) => header?.includes(site.token))).toEqual([])
  })

  test('a wrong secret: its name is told to the operator, and its value is told to no caller', async () => {
    const report = await checkThrough(await deployAgain(stack, { MCP_OAUTH_SECRET: 'hunter2hunter2' }))
    expectFound(report, ['settings-wrong'])
    expect(report.findings[0]?.saw).toContain('MCP_OAUTH_SECRET must')
    expect(JSON.stringify(report)).not.toContain('hunter2')
    expectFound(await check({ ...site, token: undefined }), ['settings-wrong'])
  })
})

function checkThrough(host: Host): Promise<Report> {
  site.proxy.rewriting = { port: () => host.port }
  return check(site)
}

describe('a fault of the store is found, and nothing else', () => {
  test('it does not answer', async () => {
    const emulator = await startBlobsEmulator()
    onTestFinished(() => emulator.stop())
    const host = await deployAgain(stack, {}, emulator)
    emulator.addFault({ action: 'status', status: 500 })
    site.proxy.rewriting = { port: () => host.port }
    expectFound(await check(site), ['store-unavailable'])
  })

  test('two instances use two stores: each looks right, and both writers win [N33]', async () => {
    const emulator = await startBlobsEmulator()
    onTestFinished(() => emulator.stop())
    const other = await deployAgain(stack, {}, emulator)
    let turn = 0
    const port = ({ url = '' }: { url?: string | undefined }) =>
      url.startsWith('/admin/api/doctor/writers') && turn++ % 2 === 1 ? other.port : stack.port
    site.proxy.rewriting = { port }
    expectFound(await check(site), ['store-not-conditional'])
  })
})
