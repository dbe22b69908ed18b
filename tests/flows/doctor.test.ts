import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ExamineOptions, examine, mostRequests, type Report } from '../../cli/doctor/examine.ts'
import { createTestCa, type TestCa } from '../../dev/tls/ca.ts'
import { type RewritingProxy, startRewritingProxy } from '../../dev/tls/rewriting-proxy.ts'
import { proxyFaults } from '../../dev/worlds/doctor-faults.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { type Stack, startStack } from '../support/stack.ts'

const origin = 'https://docs.example.test'
const token = newSecret()

let stack: Stack
let ca: TestCa
let proxy: RewritingProxy

beforeAll(async () => {
  ca = await createTestCa()
  stack = await startStack({
    hosts: 2,
    settings: {
      MCP_OAUTH_ISSUER: origin,
      MCP_ADMIN_TOKEN: token,
      // There is no internet here, so that no vendor's document can be fetched.
      MCP_OAUTH_CIMD_ALLOWED_HOSTS: 'documents.example.test',
    },
  })
  proxy = await startRewritingProxy({ tls: await ca.certificateFor(['docs.example.test']), target: stack.port })
})
afterEach(() => {
  proxy.rewriting = {}
  proxy.plain = 'redirects'
})
afterAll(async () => {
  await proxy?.stop()
  await stack?.stop()
})

/** Checks the deployment through the proxy, as from the internet. */
function check(more: Partial<ExamineOptions> = {}, at = proxy): Promise<Report> {
  return examine(origin, {
    now: Date.now,
    token,
    ca: [ca.caPem],
    addressesOf: async () => [{ family: 4 }],
    connect: (url) =>
      url.hostname === 'docs.example.test'
        ? { host: '127.0.0.1', port: url.protocol === 'https:' ? at.ports.https : at.ports.http }
        : undefined,
    // This machine may be busy.
    patience: { slow: 60_000, tooSlow: 120_000 },
    ...more,
  })
}

const codesOf = ({ findings }: Report) => findings.map(({ code }) => code)

test('nothing is found in a sound deployment, over TLS', async () => {
  const report = await check()
  expect(report.findings).toEqual([])
  expect(report.requests).toBeLessThan(mostRequests)
})

describe('each fault is found, and nothing else', () => {
  test.each(proxyFaults.map((fault) => [fault.what, fault] as const))(
    '%s',
    async (_what, { rewriting, found, inside }) => {
      proxy.rewriting = rewriting
      const report = await check(inside ? {} : { token: undefined })
      const codes = codesOf(report).filter((code) => code !== 'no-token')
      expect(codes.toSorted(), JSON.stringify(report.findings)).toEqual(found.toSorted())
    },
  )
})
