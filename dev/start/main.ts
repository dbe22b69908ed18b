/**
 * `npm start`: the whole system on this machine, rebuilt on change, until Ctrl-C. State is kept in `.local/`, or where
 * `npm start -- --state <folder>` says.
 */
import { join, relative } from 'node:path'
import { readConfiguration } from '../../lib/runtime/configuration.ts'
import { repository } from '../build/build.ts'
import { BuildFailed } from '../build/build-in-child.ts'
import { CannotStart } from './cannot-start.ts'
import { localEnvironment, newSecret, personalSettings, type Settings } from './local-env.ts'
import { parsePort, portsFrom } from './ports.ts'
import { findRunning, noteRunning, noteStopped } from './running.ts'
import { stateFolder } from './state.ts'
import { progressLine, summary } from './summary.ts'
import { watchFolders } from './watch.ts'
import { startWorld, type World } from './world.ts'

async function main(): Promise<void> {
  const stopping = new AbortController()
  const signalled = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second Ctrl-C does not wait for anything.
      if (stopping.signal.aborted) process.exit(130)
      stopping.abort()
      signalled.resolve()
    })
  }

  const state = stateFolder()
  const { PORT, ...settings } = await personalSettings(process.env, join(repository, '.env'))
  const port = parsePort(process.env.PORT ?? PORT)
  const running = await findRunning(state)
  if (running) {
    throw new CannotStart(`It is running already: http://localhost:${running.port} (process ${running.pid}).`)
  }
  checkSettings(port, settings)
  const world = await startWorld({
    port,
    directory: state,
    settings,
    keepAlive: true,
    onProgress: (part, milliseconds) => console.log(progressLine(part, milliseconds)),
  })
  try {
    await noteRunning(state, port)
    rebuildOnChange(world, stopping.signal)
    console.log(summary({ ...world, state: relative(repository, state), ownSettings: Object.keys(settings) }))
    await signalled.promise
    console.log('\nStopping …')
  } finally {
    stopping.abort()
    await world.stop()
    await noteStopped(state)
  }
}

/** @throws CannotStart naming every setting that the service would not accept; never a value */
function checkSettings(port: number, settings: Settings): void {
  const at = (port: number) => `http://localhost:${port}`
  const ports = portsFrom(port)
  const environment = localEnvironment({
    url: at(port),
    secret: newSecret(),
    siteId: 'local',
    provider: { issuer: at(ports.provider), clientId: 'local' },
    kapa: { url: at(ports.kapa) },
    crm: { url: at(ports.crm) },
    settings,
  })
  const issuer = environment.MCP_OAUTH_ISSUER ?? at(port)
  const { problems } = readConfiguration(environment, { issuer, storeName: 'local', production: false })
  if (problems.length > 0) throw new CannotStart(`Settings (environment or .env): ${problems.join('; ')}.`)
}

function rebuildOnChange(world: World, signal: AbortSignal): void {
  const rebuild = async () => {
    const began = performance.now()
    try {
      await world.rebuild(signal)
      console.log(progressLine('Rebuilt', performance.now() - began))
    } catch (error) {
      if (signal.aborted) return
      console.error(error instanceof BuildFailed ? `${error.message}\nThe functions of before keep running.` : error)
    }
  }
  watchFolders([join(repository, 'lib'), join(repository, 'netlify')], rebuild, signal)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof CannotStart) && !(error instanceof BuildFailed)) throw error
  console.error(error.message)
  process.exitCode = 1
}
