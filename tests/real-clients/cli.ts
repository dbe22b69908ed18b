/**
 * `npm run test:clients`: published MCP clients, strict OAuth libraries and the official conformance suite against the
 * artifact. The exit code is 0 only if every step of every client succeeded.
 */
import { join } from 'node:path'
import { styleText } from 'node:util'
import type { Artifact } from '../../dev/build/build.ts'
import { buildInChild } from '../../dev/build/build-in-child.ts'
import { aborted, interruption } from '../../dev/interruption.ts'
import { readOptions } from '../../dev/options.ts'
import type { Settings } from '../../dev/start/local-env.ts'
import { startWorld, type World } from '../../dev/start/world.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { readProfiles, runProfile } from '../clients/driver/run.ts'
import { type ProfileWorld, startProfileWorld } from '../clients/driver/world.ts'
import { clientKinds } from './clients/all.ts'
import { createEvidence } from './evidence.ts'
import { installPackages } from './install.ts'
import { runLives } from './lives.ts'
import { runSuite, type SuiteResult } from './suite/run.ts'
import { type Cell, table } from './table.ts'

const usage = `npm run test:clients

Runs published MCP clients, strict OAuth libraries, the profiles of tests/clients/ and the official conformance suite
against the built service. It takes about three minutes. The first run installs the clients from the npm registry. It
needs a Chromium: apt-get install chromium-headless-shell.

  --only <text>   runs only the clients whose name contains this text; no profiles, no suite`

const { only } = readOptions(usage, { only: { type: 'string' } })
/** The official suite reads them. */
const sampleSkills = 'dev/skills/sample'

/** Seconds. Short, because every client waits for it. With 60 s, mcp-remote would refresh before every request. */
const accessTokenLifetime = 75

const began = performance.now()
const seconds = () => ((performance.now() - began) / 1000).toFixed(0)
const interrupted = interruption()
const evidence = createEvidence()

function progress(what: string): void {
  console.log(styleText('dim', `${seconds().padStart(4)} s  ${what}`))
}

/** Runs everything. @returns whether all of it passed */
async function testClients(): Promise<boolean> {
  const packages = await installPackages(progress)
  const kinds = (await clientKinds(packages)).filter(({ name }) => name.includes(only ?? ''))
  progress('building the functions')
  const folder = temporaryFolder()
  const profileWorld = await startProfileWorld()
  const profiles: Cell[] = []
  const suite: SuiteResult[] = []
  try {
    const artifact = await buildInChild({
      outDir: join(folder.path, 'functions'),
      skillsFolder: sampleSkills,
      signal: interrupted,
    })
    const settings = {
      ...profileWorld.settings,
      // Each client must ask for more scopes when it needs them.
      MCP_ASK_ALL_SCOPES: 'false',
      MCP_SKILLS_DIR: sampleSkills,
      MCP_OAUTH_ACCESS_TTL: `${accessTokenLifetime}`,
      MCP_OAUTH_INTROSPECTION_TOKENS: newSecret(),
    }
    const lives = await withWorld(artifact, settings, (world) =>
      runLives({
        world,
        accessTokenLifetime,
        evidence,
        packages,
        documents: profileWorld.around(world).documents,
        kinds,
        folder: folder.path,
        progress,
        async meanwhile() {
          if (only !== undefined) return
          progress('the profiles')
          profiles.push(...(await runProfiles(artifact, profileWorld)))
          progress('the official suite')
          suite.push(await runSuite(world, packages, join(folder.path, 'suite')))
        },
      }),
    )
    return report(lives, profiles, suite)
  } finally {
    await profileWorld.stop()
    await folder.remove()
  }
}

async function withWorld<T>(artifact: Artifact, settings: Settings, work: (world: World) => Promise<T>): Promise<T> {
  const world = await startWorld({ artifact, settings, signal: interrupted, onOutput: evidence.take })
  try {
    return await work(world)
  } finally {
    await world.stop()
  }
}

/** Runs the profiles in a world with the usual lifetimes. With short ones, some would refresh before every request. */
async function runProfiles(artifact: Artifact, profileWorld: ProfileWorld): Promise<readonly Cell[]> {
  return withWorld(artifact, profileWorld.settings, async (world) => {
    const cells: Cell[] = []
    for (const profile of await readProfiles()) cells.push(...(await runProfile(profile, profileWorld.around(world))))
    return cells
  })
}

/** Prints long output first, so that the terminal ends with the tables. @returns whether everything passed */
function report(
  lives: Awaited<ReturnType<typeof runLives>>,
  profiles: readonly Cell[],
  suite: readonly SuiteResult[],
): boolean {
  const cells = lives.flatMap((life) => life.cells())
  const failures = [...cells, ...profiles].filter(({ outcome }) => outcome === 'failed')
  const problems = suite.flatMap((result) => result.problems)
  for (const life of lives) {
    if (failures.some(({ client }) => client === life.name)) explain(life.name, life.output().split('\n'))
  }
  if (failures.length > 0) explain('the service', evidence.lastLines())
  if (problems.length > 0) for (const { output } of suite) explain('the suite', output.split('\n'))

  for (const part of [cells, profiles, suite.flatMap((result) => result.cells)]) {
    if (part.length > 0) console.log(`\n${table(part)}`)
  }
  for (const problem of problems) console.log(styleText('red', `✗ ${problem}`))
  const failed = failures.length + problems.length
  console.log(`\n${failed === 0 ? styleText('bold', 'All of it passed') : `${failed} failed`}, in ${seconds()} s.`)
  return failed === 0
}

const mostLines = 40
const longestLine = 300

function explain(whose: string, lines: readonly string[]): void {
  console.log(`\n${styleText('bold', `The last lines of ${whose}`)}`)
  for (const line of lines.slice(-mostLines)) console.log(line.slice(0, longestLine))
}

const isWell = await Promise.race([testClients(), aborted(interrupted)])
if (interrupted.aborted) process.exit(130)
if (isWell !== true) process.exitCode = 1
