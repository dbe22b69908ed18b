/** `npm start`: runs the whole system on this machine until Ctrl-C, and rebuilds it when a file changes. */
import { join, relative } from 'node:path'
import { readAll } from '../../lib/settings/all.ts'
import { type Configuration, textOf } from '../../lib/settings/configuration.ts'
import { hostsIn } from '../../lib/settings/hosts.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { BuildFailed } from '../build/build-in-child.ts'
import { hubAddresses } from '../hub/server.ts'
import { aborted, interruption } from '../interruption.ts'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { CannotStart } from './cannot-start.ts'
import {
  isOfNode,
  localEnvironment,
  needsPrivatePages,
  ownParts,
  personalSettings,
  type Settings,
  unknownSettings,
} from './local-env.ts'
import { localUrl, parsePort, portsFrom } from './ports.ts'
import { takeState } from './running.ts'
import { defaultState, openState } from './state.ts'
import { progressLine, summary } from './summary.ts'
import { watchFolders } from './watch.ts'
import { startWorld, type World } from './world.ts'

const usage = `npm start

Runs the whole system on this machine until Ctrl-C. Settings come from the environment and from .env.
PORT=9000 npm start uses other ports.

  --state <folder>   keeps users, keys and grants in this new or empty folder instead of in .local/`

const watched = ['lib', 'netlify'].map((name) => join(repository, name))

async function main(): Promise<void> {
  const options = readOptions(usage, { state: { type: 'string' } })
  const interrupted = interruption()
  const { PORT, ...settings } = await personalSettings(process.env, join(repository, '.env'))
  const port = parsePort(process.env.PORT?.trim() || PORT)
  const configuration = await readSettings(port, settings)
  const own = ownParts(settings, localUrl(port))
  const state = await openState(options.state)
  const giveBack = await takeState(state, { port, ownParts: [...own] })
  try {
    const world = await startWorld({
      port,
      directory: state,
      settings,
      keepAlive: true,
      scheduled: true,
      signal: interrupted,
      onProgress: (part, milliseconds) => console.log(progressLine(part, milliseconds)),
    }).catch((error: unknown) => {
      // An interrupted start fails somewhere.
      if (interrupted.aborted) return null
      throw error
    })
    if (world === null) return
    try {
      const unknown = unknownSettings(settings)
      rebuildOnChange(world, interrupted)
      console.log(
        summary({
          port,
          configuration,
          state: state === defaultState ? relative(repository, state) : state,
          ownParts: own,
          proxyHosts: hostsIn(settings).proxyHosts,
          ownSettings: Object.keys(settings).filter((name) => !unknown.includes(name) && !isOfNode(name)),
          unknownSettings: unknown,
        }),
      )
      await aborted(interrupted)
    } finally {
      await world.stop()
    }
  } finally {
    await giveBack()
  }
}

/** @throws CannotStart naming every setting that the service would refuse; never a value */
async function readSettings(port: number, settings: Settings): Promise<Configuration> {
  const ports = portsFrom(port)
  const parts = {
    url: localUrl(port),
    secret: newSecret(),
    adminToken: newSecret(),
    siteId: 'local',
    provider: { issuer: localUrl(ports.provider), clientId: 'local' },
    kapa: { url: localUrl(ports.kapa) },
    crm: { url: localUrl(ports.crm) },
    hub: hubAddresses(localUrl(ports.hub)),
    forms: { url: localUrl(ports.forms) },
    // Its real port is chosen later.
    privatePages: needsPrivatePages(settings) ? { url: `${localUrl(ports.app)}/search` } : undefined,
    database: { url: 'postgres://localhost/local' },
  }
  const environment = localEnvironment(parts, settings)
  const issuer = environment.MCP_OAUTH_ISSUER ?? localUrl(port)
  const configuration = await readAll(environment, { issuer, storeName: 'local', production: false })
  if (configuration.problems.length === 0) return configuration
  throw new CannotStart(`Settings (environment or .env): ${textOf(configuration.problems)}.`)
}

function rebuildOnChange(world: World, signal: AbortSignal): void {
  const rebuild = async () => {
    const began = performance.now()
    try {
      await world.rebuild(signal)
      console.log(progressLine('Rebuilt', performance.now() - began))
    } catch (error) {
      if (signal.aborted) return
      console.error(error instanceof BuildFailed ? `${error.message}\nThe previous functions keep running.` : error)
    }
  }
  watchFolders(watched, rebuild, signal)
}

await main()
