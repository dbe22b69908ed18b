import { expect, onTestFinished } from 'vitest'
import { type ExamineOptions, examine, mostRequests, type Report } from '../../cli/doctor/examine.ts'
import type { Code } from '../../cli/doctor/findings.ts'
import type { BlobsEmulator } from '../../dev/blobs/emulator.ts'
import { personSignsIn } from '../../dev/browser/person.ts'
import { type Host, startHost } from '../../dev/host/start.ts'
import { createTestCa, type TestCa } from '../../dev/tls/ca.ts'
import { type RewritingProxy, startRewritingProxy } from '../../dev/tls/rewriting-proxy.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { builtArtifact } from './artifact.ts'
import { newAddress } from './oauth-client.ts'
import { type Stack, startStack } from './stack.ts'

/** The host that the tests of `npm run doctor` check. It exists in these tests only. */
export const checkedHost = 'docs.example.test'
export const checkedOrigin = `https://${checkedHost}`

/** How that host is reached: the proxy before it, and the authority that has signed its certificate. */
export interface Deployment {
  readonly proxy: RewritingProxy
  readonly caPem: string
  readonly token: string | undefined
}

/** The deployment that the tests check, with everything behind it. */
export interface CheckedSite extends Deployment {
  readonly stack: Stack
  readonly ca: TestCa
  readonly token: string
  /** Removes every fault. */
  heal(): void
  stop(): Promise<void>
}

/** Starts the whole system, with two instances and a proxy before them that ends TLS. */
export async function startCheckedSite(settings: Readonly<Record<string, string>> = {}): Promise<CheckedSite> {
  const token = newSecret()
  const ca = await createTestCa()
  const stack = await startStack({
    hosts: 2,
    settings: {
      MCP_OAUTH_ISSUER: checkedOrigin,
      MCP_ADMIN_TOKEN: token,
      // There is no internet here, so that no vendor's document can be fetched.
      MCP_OAUTH_CIMD_ALLOWED_HOSTS: 'documents.example.test',
      ...settings,
    },
  })
  const proxy = await startRewritingProxy({ tls: await ca.certificateFor([checkedHost]), target: stack.port })
  return {
    ...{ stack, ca, token, proxy, caPem: ca.caPem },
    heal() {
      Object.assign(proxy, { rewriting: {}, plain: 'redirects' })
      for (const { faults } of [stack.provider, stack.kapa, stack.hub]) {
        for (const name of Object.keys(faults)) Reflect.deleteProperty(faults, name)
      }
    },
    async stop() {
      await proxy.stop()
      await stack.stop()
    },
  }
}

/** Expects exactly these findings. The note that there is no token does not count. */
export function expectFound(report: Report, codes: readonly Code[]): void {
  const found = report.findings.map(({ code }) => code).filter((code) => code !== 'no-token')
  expect(found.toSorted(), JSON.stringify(report.findings)).toEqual(codes.toSorted())
  expect(report.requests).toBeLessThan(mostRequests)
}

/** Checks the deployment through the proxy, as from the internet. */
export function check({ proxy, caPem, token }: Deployment, more: Partial<ExamineOptions> = {}): Promise<Report> {
  return examine(checkedOrigin, {
    now: Date.now,
    token,
    ca: [caPem],
    addressesOf: async () => [{ family: 4 }],
    connect: ({ hostname, protocol }) =>
      hostname === checkedHost
        ? { host: '127.0.0.1', port: protocol === 'https:' ? proxy.ports.https : proxy.ports.http }
        : undefined,
    // This machine may be busy.
    patience: { slow: 60_000, tooSlow: 120_000 },
    ...more,
  })
}

/** A user who signs in when the check shows its address, and whose browser then goes back to the check. */
export function userSignsIn({ proxy, caPem }: Deployment): NonNullable<ExamineOptions['signIn']> {
  const browser = createWatchedBrowser(({ hostname, host }) =>
    hostname === checkedHost
      ? { hostname: '127.0.0.1', port: proxy.ports.https, ca: caPem, servername: hostname, headers: { host } }
      : {},
  )
  return {
    signInTime: 20_000,
    showAddress: (authorizationUrl) => {
      personSignsIn({ authorizationUrl, email: newAddress(), browser })
        .then((answer) => fetch(answer))
        .catch((error: unknown) => console.error('The user could not sign in:', error))
    },
  }
}

/** Another deploy of the same site, with other settings or another store. `undefined` removes a setting. */
export async function deployAgain(
  stack: Stack,
  changes: Readonly<Record<string, string | undefined>>,
  emulator: BlobsEmulator = stack.emulator,
): Promise<Host> {
  const settings = Object.entries({ ...stack.environment, ...changes })
  const host = await startHost({
    artifact: builtArtifact(),
    port: 0,
    env: Object.fromEntries(settings.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    blobs: emulator.clientOptions(),
    onOutput: () => undefined,
  })
  onTestFinished(() => host.stop())
  return host
}
