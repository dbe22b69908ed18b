import { join } from 'node:path'
import * as v from 'valibot'
import { personSignsIn } from '../../../dev/browser/person.ts'
import type { Packages } from '../../../dev/install-packages.ts'
import { startProcess } from '../../../dev/processes.ts'
import type { World } from '../../../dev/start/world.ts'
import { newAddress, obtainTokens, registerClient } from '../../support/oauth-client.ts'
import { freePort } from '../free-port.ts'
import { startBearerProxy } from './bearer-proxy.ts'
import { type Check, readChecks } from './checks.ts'

/** One version of the official suite, which runs as a program. */
export interface Suite {
  readonly version: string
  /** The names of its scenarios for a server. */
  serverScenarios(): Promise<readonly string[]>
  /** Runs all scenarios at the MCP endpoint. @param revision of the protocol; `all`: each at the newest that it supports */
  server(revision: string): Promise<readonly Check[]>
  /** Runs both scenarios for an authorization server. The user opens the address that the suite prints. */
  authorization(revision: string): Promise<readonly Check[]>
  /** Its output. */
  output(): string
}

const longest = 120_000

/** @param folder the folder for the output, which the caller removes */
export async function openSuite(world: World, packages: Packages, alias: string, folder: string): Promise<Suite> {
  let printed = ''

  function start(...args: string[]) {
    const program = packages.path(alias, 'dist/index.js')
    return startProcess(process.execPath, [program, ...args], { cwd: folder, env: { PATH: process.env.PATH }, longest })
  }

  /** The folder of the results, and the options that make the suite write there. */
  function written(kind: string, revision: string) {
    const output = join(folder, alias, kind, revision)
    return { output, options: ['-o', output, ...(revision === 'all' ? [] : ['--spec-version', revision])] }
  }

  return {
    version: await packages.version(alias),

    async serverScenarios() {
      const list = start('list', '--server')
      await list.ended
      return [...list.output().matchAll(/^ +- (\S+)/gm)].map(([, scenario = '']) => scenario)
    },

    async server(revision) {
      const { accessToken } = await obtainTokens(await registerClient(world.url, 'The official suite'))
      const proxy = await startBearerProxy(world.url, accessToken)
      const { output, options } = written('server', revision)
      try {
        const suite = start('server', '--url', `${proxy.origin}/mcp`, '--suite', 'all', ...options)
        await suite.ended
        printed += suite.output()
      } finally {
        await proxy.stop()
      }
      return readChecks(output, 'server')
    },

    async authorization(revision) {
      const port = await freePort()
      const clientId = await register(world.url, `http://127.0.0.1:${port}/callback`)
      const { output, options } = written('authorization', revision)
      const given = ['--url', world.url, '--resource', world.mcpUrl, '--client-id', clientId, '-p', `${port}`]
      const suite = start('authorization', ...given, ...options)
      try {
        const [authorizationUrl] = await suite.line(/http:\S+\/oauth\/authorize\?\S+/)
        await suite.line(/Callback server started/)
        await fetch(await personSignsIn({ authorizationUrl, email: newAddress() }))
        await suite.ended
      } finally {
        await suite.stop()
        printed += suite.output()
      }
      return readChecks(output, 'authorization-server')
    },

    output: () => printed,
  }
}

async function register(issuer: string, redirectUri: string): Promise<string> {
  const response = await fetch(`${issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'The official suite', redirect_uris: [redirectUri] }),
  })
  return v.parse(v.object({ client_id: v.string() }), await response.json()).client_id
}
