import { onTestFinished } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { builtArtifact } from './artifact.ts'
import type { Stack } from './stack.ts'

type Settings = Readonly<Record<string, string>>

export interface Deploy {
  readonly url: string
  /** The lines that its functions have printed. */
  readonly lines: readonly string[]
  /** Stops it, and starts one with other settings in its place. */
  follow(settings: Settings): Promise<Deploy>
}

/**
 * A separate deploy at its own port, on the stack's store. Sign-in is by the mock, and nothing on this machine is
 * limited. The end of the test stops it.
 */
export async function deploy(stack: Stack, settings: Settings, port?: number): Promise<Deploy> {
  const at = port ?? (await freePorts())
  const url = `http://localhost:${at}`
  const { UPSTREAM_CLIENT_ID: _, UPSTREAM_ISSUER: __, ...environment } = stack.environment
  const lines: string[] = []
  const host = await startHost({
    artifact: builtArtifact(),
    port: at,
    env: {
      ...environment,
      ...{ URL: url, MCP_OAUTH_ISSUER: url, NETLIFY_DEV: 'true', MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128' },
      ...settings,
    },
    blobs: stack.emulator.clientOptions(),
    onOutput: (line) => lines.push(line),
  })
  onTestFinished(() => host.stop())
  return {
    url,
    lines,
    follow: async (next) => {
      await host.stop()
      return deploy(stack, next, at)
    },
  }
}

/** A deploy that accepts the stack's tokens: the same issuer and OpenID Provider, at its own port. */
export async function deploySameIssuer(stack: Stack, settings: Settings = {}): Promise<Deploy> {
  const port = await freePorts()
  const { UPSTREAM_CLIENT_ID = '', UPSTREAM_ISSUER = '' } = stack.environment
  const provider = { UPSTREAM_CLIENT_ID, UPSTREAM_ISSUER }
  const own = { ...provider, MCP_OAUTH_ISSUER: stack.url, MCP_OAUTH_PROXY_HOSTS: `localhost:${port}` }
  return deploy(stack, { ...own, ...settings }, port)
}
