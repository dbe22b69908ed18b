import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { readRecordings } from '../../dev/worlds/recording.ts'
import { findLeaks } from './leaks.ts'

/** The least that a scan must see to prove anything. */
interface Least {
  readonly lines: number
  readonly files: number
  readonly secrets: number
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder in which the test files of this run record. */
    recordings: string
    /** The least that a run of all test files of a project records. It is part of the configuration. */
    leastRecorded: Least
  }
}

/** Scans every log line of the whole run for secrets when it is over (O-12), and fails it if there is one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // mkdtemp makes it readable by its owner only.
  const directory = await mkdtemp(join(tmpdir(), 'mcp-oauth-broker-recordings-'))
  project.provide('recordings', directory)
  return async () => {
    try {
      await scan(directory, project)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** @throws Error that names the leaks and the tests that ran, or says that too little was recorded */
async function scan(directory: string, project: TestProject): Promise<void> {
  const recordings = readRecordings(directory)
  const lines = recordings.flatMap((recording) => recording.lines)
  const secrets = new Set(recordings.flatMap((recording) => recording.secrets))
  const leaks = findLeaks(lines, secrets)
  if (leaks.length > 0) {
    const listed = leaks.slice(0, 10).map(({ line, test, what }) => `${what}, during ${test}:\n  ${line}`)
    throw new Error(`${leaks.length} log lines hold what no log may hold\n${listed.join('\n')}`)
  }
  const scanned = {
    lines: lines.length,
    files: recordings.filter((recording) => recording.lines.length > 0).length,
    secrets: secrets.size,
  }
  const { projects } = project.vitest
  if (await isWhole(projects, recordings.length)) expectEnough(scanned, projects)
  const { lines: l, files: f, secrets: s } = scanned
  const number = (value: number) => value.toLocaleString('en')
  console.log(`Scanned ${number(l)} log lines of ${number(f)} test files for ${number(s)} secrets: none found`)
}

/** Whether every test file of these projects ran, and no test was filtered out by name. */
async function isWhole(projects: readonly TestProject[], ran: number): Promise<boolean> {
  const found = await Promise.all(projects.map((project) => project.globTestFiles()))
  const files = found.flatMap(({ testFiles }) => testFiles)
  return projects.every(({ config }) => config.testNamePattern === undefined) && ran >= files.length
}

function expectEnough(scanned: Least, projects: readonly TestProject[]): void {
  for (const what of ['lines', 'files', 'secrets'] as const) {
    const least = projects.reduce((sum, project) => sum + project.getProvidedContext().leastRecorded[what], 0)
    if (scanned[what] >= least) continue
    throw new Error(`only ${scanned[what]} ${what} came to the scan of the logs, of at least ${least}`)
  }
}
