import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '../../lib/base/defined.ts'
import { backChannelLogoutPath } from '../../lib/oauth/capabilities.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { type BlobsEmulator, startBlobsEmulator } from '../blobs/emulator.ts'
import type { Artifact } from '../build/build.ts'
import { buildInChild } from '../build/build-in-child.ts'
import { readManifest } from '../build/manifest.ts'
import { type CrmSink, startCrmSink } from '../crm/server.ts'
import { type FormsSite, startForms } from '../forms/server.ts'
import { startFleet } from '../host/fleet.ts'
import type { Host } from '../host/start.ts'
import { type Hub, startHub } from '../hub/server.ts'
import { type Kapa, startKapa } from '../kapa/server.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../oidc/provider.ts'
import { type LocalDatabase, startLocalDatabase } from '../postgres/local.ts'
import { type PrivatePagesSite, startPrivatePages } from '../private-pages/server.ts'
import { repository } from '../repository.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import {
  crmSecret,
  kapaApiKey,
  keptAdminToken,
  keptSecret,
  localEnvironment,
  needsDatabase,
  needsPrivatePages,
  type Settings,
} from './local-env.ts'
import { checkPorts, freePorts, localUrl, portsFrom } from './ports.ts'
import { callOverHttp, startScheduler } from './schedule.ts'

export interface WorldOptions {
  /** The port of the app, which takes the seven ports after it too; by default eight free ports. */
  readonly port?: number
  /** The folder for blobs, the OpenID Provider's keys and the secret; by default they are in memory. */
  readonly directory?: string
  /** Settings that replace those of the local world; see `localEnvironment`. */
  readonly settings?: Settings
  /** The built functions; by default they are built now. */
  readonly artifact?: Artifact
  /** The number of function hosts behind one port, which share one store; default 1. */
  readonly hosts?: number
  /** Starts another host when one dies; default no. */
  readonly keepAlive?: boolean
  /** Calls the scheduled functions at their times; default no. */
  readonly scheduled?: boolean
  /** The context of the deploy; default `dev`. */
  readonly deployContext?: string
  /** Called for each part that has started, with the milliseconds it took. */
  readonly onProgress?: (part: string, milliseconds: number) => void
  /** Stops the start when it aborts; later it has no effect. */
  readonly signal?: AbortSignal
  /** Receives each line that the functions print; by default the lines go to the output of this process. */
  readonly onOutput?: (line: string) => void
}

export interface World {
  readonly port: number
  /** `http://localhost:<port>`, which is also the issuer. */
  readonly url: string
  readonly mcpUrl: string
  /** The environment of the functions. */
  readonly environment: Settings
  readonly emulator: BlobsEmulator
  readonly provider: OpenIdProvider
  readonly kapa: Kapa
  readonly crm: CrmSink
  readonly hub: Hub
  readonly forms: FormsSite
  /** The private pages, where the settings have a vault and name no other pages. */
  readonly privatePages: PrivatePagesSite | undefined
  /** The local PostgreSQL, where the store is in it and the settings name no other. */
  readonly database: LocalDatabase | undefined
  /** Returns the function hosts that answer now. */
  hosts(): readonly Host[]
  /** Starts a new host in the place of a killed one. */
  restartHost(index: number): Promise<void>
  /**
   * Builds the functions again and replaces the hosts. If the build fails, the running hosts stay.
   *
   * @throws BuildFailed
   */
  rebuild(signal: AbortSignal): Promise<void>
  /** Stops everything, in the reverse order of starting. */
  stop(): Promise<void>
}

/**
 * Starts the whole system on loopback: the Blobs emulator, the OpenID Provider, the stand-ins, and the functions as the real
 * Netlify artifact. If one part fails, the others are stopped again.
 *
 * @throws CannotStart | BuildFailed; any error once `signal` has aborted
 */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const cleanups: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  }
  const part = async <T>(name: string, starting: Promise<T>, end: (started: T) => Promise<unknown>): Promise<T> => {
    const began = performance.now()
    const started = await starting
    cleanups.push(() => end(started))
    if (!options.signal?.aborted) options.onProgress?.(name, performance.now() - began)
    return started
  }
  try {
    const parts = await startParts(options, part)
    options.signal?.throwIfAborted()
    return { ...parts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The documents of the Kapa stand-in: this project's own documentation. */
const documents = ['README.md', 'docs'].map((name) => join(repository, name)).filter(existsSync)

type StartPart = <T>(name: string, starting: Promise<T>, end: (started: T) => Promise<unknown>) => Promise<T>

async function startParts(options: WorldOptions, part: StartPart): Promise<Omit<World, 'stop'>> {
  const { directory, settings, deployContext, onOutput, signal } = options
  const port = options.port ?? (await freePorts())
  await checkPorts(port)
  const ports = portsFrom(port)
  const url = localUrl(port)
  const secret = directory === undefined ? newSecret() : await keptSecret(directory)
  const origins = [url, settings?.MCP_OAUTH_ISSUER ?? url, settings?.MCP_ACCOUNT_ORIGIN ?? url]
  const adminToken = directory === undefined ? newSecret() : await keptAdminToken(directory)
  const callbacks = origins.map((origin) => `${origin}/mcp/callback`)
  const folder = (name: string) => (directory === undefined ? undefined : join(directory, name))
  const stop = (handle: { stop(): Promise<unknown> }) => handle.stop()
  const failed = new AbortController()
  const building = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])])

  const starting = [
    part(
      'Blobs emulator',
      startBlobsEmulator(
        defined({ ports: { edge: ports.edge, uncached: ports.uncached }, directory: folder('blobs') }),
      ),
      stop,
    ),
    part(
      'OpenID Provider',
      startOpenIdProvider(
        defined({
          port: ports.provider,
          redirectUris: [...new Set(callbacks)],
          clientSecret: settings?.UPSTREAM_CLIENT_SECRET,
          backchannelLogoutUri: `${url}${backChannelLogoutPath}`,
          directory: folder('oidc'),
        }),
      ),
      stop,
    ),
    part('Kapa stand-in', startKapa({ port: ports.kapa, apiKey: kapaApiKey, documents }), stop),
    part('CRM sink', startCrmSink({ port: ports.crm, secret: crmSecret }), stop),
    part('API-reference hub', startHub({ port: ports.hub }), stop),
    part('Feedback form', startForms({ port: ports.forms }), stop),
    needsPrivatePages(settings)
      ? part('Private pages', startPrivatePages({ port: 0, issuer: localUrl(ports.provider) }), stop)
      : undefined,
    needsDatabase(settings) ? part('PostgreSQL', startLocalDatabase(folder('postgres')), stop) : undefined,
    part('Functions', options.artifact ? given(options.artifact) : buildTemporarily(settings, building), ({ remove }) =>
      remove(),
    ),
  ] as const
  // All parts start at once. A failure ends the build, and stops the others only after all have settled.
  for (const each of starting) each?.catch(() => failed.abort())
  await Promise.allSettled(starting)
  const [emulator, provider, kapa, crm, hub, forms, privatePages, database, firstBuild] = await Promise.all(starting)
  let build = firstBuild
  const removals: Promise<unknown>[] = []

  const blobs = emulator.clientOptions()
  const parts = {
    url,
    secret,
    adminToken,
    siteId: blobs.siteID,
    provider,
    kapa,
    crm,
    hub,
    forms,
    privatePages,
    database,
  }
  const environment = localEnvironment(parts, settings)
  const fleet = await part(
    'Function host',
    startFleet(
      defined({
        artifact: build.artifact,
        port,
        env: environment,
        blobs,
        count: options.hosts ?? 1,
        keepAlive: options.keepAlive ?? false,
        deployContext,
        onOutput,
      }),
    ),
    async (fleet) => {
      await fleet.stop()
      await Promise.all([...removals, build.remove()])
    },
  )
  if (options.scheduled) {
    const scheduler = startScheduler(() => readManifest(build.artifact.manifestPath), callOverHttp(url))
    await part('Schedule', Promise.resolve(scheduler), stop)
  }
  return {
    port,
    url,
    mcpUrl: `${url}/mcp`,
    environment,
    emulator,
    provider,
    kapa,
    crm,
    hub,
    forms,
    privatePages,
    database,
    hosts: fleet.hosts,
    restartHost: fleet.restart,
    async rebuild(signal) {
      const previous = { build, hosts: fleet.hosts() }
      build = await buildTemporarily(settings, signal)
      await fleet.replace(build.artifact)
      // The old hosts may load functions from the old build until they have ended.
      removals.push(Promise.all(previous.hosts.map((host) => host.exited)).then(previous.build.remove))
    },
  }
}

interface Build {
  readonly artifact: Artifact
  remove(): Promise<void>
}

const given = async (artifact: Artifact): Promise<Build> => ({ artifact, remove: async () => {} })

/** Builds the functions in a new folder outside the repository. */
async function buildTemporarily(settings?: Settings, signal?: AbortSignal): Promise<Build> {
  const { path: outDir, remove } = temporaryFolder()
  try {
    return { artifact: await buildInChild(defined({ outDir, signal, skillsFolder: settings?.MCP_SKILLS_DIR })), remove }
  } catch (error) {
    await remove()
    throw error
  }
}
