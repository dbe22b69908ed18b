import type { Packages } from '../../../dev/install-packages.ts'
import ours from '../../../package.json' with { type: 'json' }
import { sdks } from '../../clients/sdks.ts'
import type { RealClientKind } from '../real-client.ts'
import { geminiCliKind } from './gemini-cli.ts'
import { inspectorCliKind } from './inspector-cli.ts'
import { inspectorUiKind } from './inspector-ui.ts'
import { judgeKind, methods } from './judge.ts'
import { mcpRemoteKind } from './mcp-remote.ts'
import { mcpcKind } from './mcpc.ts'
import { createOauth4webapi } from './oauth4webapi.ts'
import { createOpenidClient } from './openid-client.ts'
import { sdkKind } from './sdk.ts'

/** The clients that `npm test` also uses. The root package.json contains their exact versions. */
const { dependencies, devDependencies } = ours

/** Every client, in every way in which it runs. */
export async function clientKinds(packages: Packages): Promise<readonly RealClientKind[]> {
  const openidClient: typeof import('openid-client') = await import(packages.entry('openid-client'))
  const names = {
    v1: `SDK ${devDependencies['@modelcontextprotocol/sdk']}`,
    v2: `SDK client ${devDependencies['@modelcontextprotocol/client']}`,
    oauth4webapi: `oauth4webapi ${dependencies.oauth4webapi}`,
    openidClient: `openid-client ${await packages.version('openid-client')}`,
  }
  return [
    ...sdks.map((sdk) => sdkKind(sdk.stepsUp ? `${names.v2}, ${sdk.version}` : names.v1, sdk)),
    await mcpRemoteKind(packages, 'DCR'),
    await mcpRemoteKind(packages, 'CIMD'),
    await inspectorCliKind(packages),
    await inspectorUiKind(packages),
    await geminiCliKind(packages),
    await geminiCliKind(packages, { finalSlash: true }),
    await mcpcKind(packages),
    ...methods.map((method) => judgeKind(names.oauth4webapi, method, createOauth4webapi)),
    ...methods.map((method) =>
      judgeKind(names.openidClient, method, (options) => createOpenidClient(openidClient, options)),
    ),
  ]
}
