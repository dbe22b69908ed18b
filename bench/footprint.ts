import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import * as v from 'valibot'
import type { Artifact } from '../dev/build/build.ts'
import { type Bundle, type BundleFile, sumOf } from '../dev/build/bundle.ts'
import { type Host, startHost } from '../dev/host/start.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { mcpPaths } from '../lib/settings/docs-resource.ts'
import { newSecret } from '../lib/settings/secrets.ts'
import { type ColdOrder, type ColdTimes, coldTimes } from './cold-order.ts'
import type { Figure } from './figures.ts'
import { memoryOf } from './process-usage.ts'
import { Samples } from './statistics.ts'

export interface Artifacts {
  readonly ours: Artifact
  /** The same, with nothing in it but a function that does nothing. */
  readonly empty: Artifact
}

const kilobyte = 1024

/** The most that a function may load at once, beyond an empty one. KB of the minified bundle. */
const holdBytes: Readonly<Record<string, number>> = { oauth: 200 }
/** The most that a cold start may add, as a multiple of what the empty function takes in the same run. */
const holdCold: Readonly<Record<string, number>> = { oauth: 0.6, mcp: 2 }

/** What each function adds to the bundle of an empty one, and what that consists of. */
export function bundleFigures({ ours, empty }: Artifacts): Figure[] {
  const emptyBytes = empty.functions[0]?.bytes ?? Number.NaN
  const mcp = ours.functions.find(({ name }) => name === 'mcp')
  const section = 'Bundles, beyond an empty function'
  return ours.functions.flatMap((bundle): Figure[] => {
    const { name, bytes, files } = bundle
    const atStart = files.filter((file) => file.atStart)
    const size: Figure = {
      section,
      name: `${name}, loaded at once`,
      value: (sumOf(atStart) - emptyBytes) / kilobyte,
      unit: 'KB',
      digits: 1,
      hold: holdBytes[name],
      note: `all ${files.length} files ${((bytes - emptyBytes) / kilobyte).toFixed(1)} KB; ${composition(atStart)}`,
    }
    if (name !== 'oauth') return [size]
    return [
      size,
      {
        section,
        name: 'oauth: lib/mcp, MCP SDK, zod, event streams',
        value: bytesForMcp(bundle) / kilobyte,
        unit: 'KB',
        digits: 1,
        hold: 0,
        note: `mcp has ${(bytesForMcp(mcp) / kilobyte).toFixed(0)} KB of them`,
      },
    ]
  })
}

function packageOf(file: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1] ?? 'own'
}

/** What the OAuth function must never load. */
function isForMcp(file: string): boolean {
  return file.startsWith('lib/mcp/') || /^(zod|eventsource-parser|@modelcontextprotocol\/.*)$/.test(packageOf(file))
}

const inputsOf = (files: readonly BundleFile[]) => files.flatMap(({ inputs }) => Object.entries(inputs))

function bytesForMcp(bundle: Bundle | undefined): number {
  if (bundle === undefined) return Number.NaN
  return inputsOf(bundle.files).reduce((sum, [file, bytes]) => (isForMcp(file) ? sum + bytes : sum), 0)
}

function composition(files: readonly BundleFile[]): string {
  const sizes = new Map<string, number>()
  for (const [file, bytes] of inputsOf(files)) {
    sizes.set(packageOf(file), (sizes.get(packageOf(file)) ?? 0) + bytes)
  }
  return [...sizes]
    .sort(([, one], [, other]) => other - one)
    .slice(0, 5)
    .map(([name, bytes]) => `${name} ${(bytes / kilobyte).toFixed(0)}`)
    .join(', ')
}

interface FirstRequest {
  readonly name: string
  /** Where it is not the name. */
  readonly function?: string
  readonly path: string
  /** Of a POST request. */
  readonly body?: string
  /** The status of the answer, if it is not 200. */
  readonly status?: number
}

/**
 * First requests that need no store: for `mcp` one that goes through the whole SDK, for `oauth` one for its metadata and
 * one that needs the code of a sign-in. `maintenance` has none.
 */
const firstRequests: readonly FirstRequest[] = [
  { name: 'empty', path: '/empty' },
  { name: 'oauth', path: paths.authorizationServerMetadata },
  { name: 'oauth, a refused token request', function: 'oauth', path: paths.token, body: '{}', status: 400 },
  {
    name: 'mcp',
    path: mcpPaths.mcp,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
    }),
  },
]

/** Enough of a configuration to answer the first requests without a store. */
const environment = {
  URL: 'http://localhost:8888',
  SITE_NAME: 'local',
  MCP_OAUTH_ISSUER: 'http://localhost:8888',
  MCP_OAUTH_SECRET: newSecret(),
  KAPA_API_KEY: 'local-kapa-key',
  UPSTREAM_ISSUER: 'http://localhost:8889',
  UPSTREAM_CLIENT_ID: 'local',
}
const noBlobs = {
  siteID: 'local',
  token: 'none',
  edgeURL: 'http://127.0.0.1:9',
  uncachedEdgeURL: 'http://127.0.0.1:9',
}
const deploy = { id: '0123456789abcdef01234567', context: 'dev', published: false, branch: 'main' }

/** Import and first answer of each function beyond an empty one: a fresh process each time, in turn. */
export async function measureColdStarts(
  artifacts: Artifacts,
  rounds: number,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  const samples = { wall: new Samples(), cpu: new Samples() }
  for (let round = 0; round < rounds; round++) {
    onProgress(`cold starts, round ${round + 1} of ${rounds}`)
    for (const first of firstRequests) {
      const { name } = first
      const { directory, manifestPath } = name === 'empty' ? artifacts.empty : artifacts.ours
      const host = { directory, manifestPath, port: 0, files: {}, blobs: noBlobs, deploy }
      const times = await coldStart(first, host)
      samples.wall.add(name, times.wall)
      samples.cpu.add(name, times.cpu)
    }
  }
  const beyond = (kind: Samples, name: string) => kind.median(name) - kind.median('empty')
  const section = 'Import and first answer, beyond an empty function'
  const empty: Figure = {
    section,
    name: 'the empty function itself',
    value: samples.wall.median('empty'),
    unit: 'ms',
    digits: 1,
    note: `CPU ${samples.cpu.median('empty').toFixed(1)} ms`,
  }
  const ofOurs = firstRequests.slice(1).map(({ name }): Figure => {
    const [wall, cpu] = [beyond(samples.wall, name), beyond(samples.cpu, name)]
    return {
      section,
      name: `${name}, × the empty function`,
      value: wall / samples.wall.median('empty'),
      unit: '×',
      digits: 2,
      hold: holdCold[name],
      note: `${wall.toFixed(1)} ms; CPU ${cpu.toFixed(1)} ms`,
    }
  })
  return [empty, ...ofOurs]
}

/** @param settings of the function, beside those of every cold start */
async function coldStart(
  { name, function: functionName = name, path, body, status = 200 }: FirstRequest,
  host: ColdOrder['host'],
  settings: Readonly<Record<string, string>> = {},
): Promise<ColdTimes> {
  const order: ColdOrder = { name: functionName, path, body, host }
  const child = fork(new URL('cold-child.ts', import.meta.url), {
    env: { ...environment, ...settings, AWS_REGION: 'us-east-2', LAMBDA_TASK_ROOT: order.host.directory },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    const answer = once(child, 'message')
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`the cold start of ${order.name} failed`)))
    gone.catch(() => {})
    child.send(order)
    const times = v.parse(coldTimes, (await Promise.race([answer, gone]))[0])
    if (times.status !== status) throw new Error(`the first request of ${name} was answered ${times.status}`)
    return times
  } finally {
    child.kill('SIGKILL')
  }
}

/**
 * Import and first answer of a function whose answer needs one read of a store: a fresh process each time, the stores in turn.
 *
 * @returns the median milliseconds of each store
 */
export async function measureColdStores(
  { ours: { directory, manifestPath } }: Artifacts,
  rounds: number,
  stores: readonly {
    readonly name: string
    readonly blobs: typeof noBlobs
    readonly settings: Readonly<Record<string, string>>
  }[],
): Promise<Samples> {
  const samples = new Samples()
  for (let round = 0; round < rounds; round++) {
    for (const { name, blobs, settings } of stores) {
      const host = { directory, manifestPath, port: 0, files: {}, blobs, deploy }
      samples.add(name, (await coldStart({ name: 'oauth', path: paths.jwks }, host, settings)).wall)
    }
  }
  return samples
}

/** Resident memory of a function host that has answered its first request, compared with an empty function's. */
export async function measureMemory(artifacts: Artifacts, rounds: number): Promise<Figure[]> {
  const memory = new Samples()
  for (let round = 0; round < rounds; round++) {
    memory.add('empty', await memoryAfterBoot(artifacts.empty, ['empty']))
    memory.add('oauth', await memoryAfterBoot(artifacts.ours, ['oauth']))
    memory.add('both', await memoryAfterBoot(artifacts.ours, ['oauth', 'mcp']))
  }
  const section = 'Memory after boot, in a host that does not bundle'
  const ratio = (name: string) => memory.median(name) / memory.median('empty')
  const note = (name: string) => `${memory.median(name).toFixed(0)} MB, against ${memory.median('empty').toFixed(0)} MB`
  return [
    {
      section,
      name: 'oauth, × an empty function',
      value: ratio('oauth'),
      unit: '×',
      digits: 2,
      hold: 1.3,
      note: note('oauth'),
    },
    {
      section,
      name: 'oauth and mcp, × an empty function',
      value: ratio('both'),
      unit: '×',
      digits: 2,
      hold: 1.3,
      note: note('both'),
    },
  ]
}

/** A host that has no store and no world around it. Its issuer is fixed, so that requests have to name that host. */
export function startBareHost(artifact: Artifact): Promise<Host> {
  return startHost({ artifact, port: 0, env: environment, blobs: noBlobs, onOutput: () => {} })
}

async function memoryAfterBoot(artifact: Artifact, names: readonly string[]): Promise<number> {
  const host = await startBareHost(artifact)
  try {
    const answers: number[] = []
    for (const { name, path, body } of firstRequests) {
      if (!names.includes(name)) continue
      answers.push(await statusOf(host.port, path, body))
    }
    if (answers.some((status) => status !== 200)) throw new Error(`a host answered ${answers.join(', ')}`)
    return memoryOf(host.pid)
  } finally {
    await host.kill()
  }
}

async function statusOf(port: number, path: string, body: string | undefined): Promise<number> {
  const headers = {
    host: new URL(environment.URL).host,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const method = body === undefined ? 'GET' : 'POST'
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers }).end(body)
  const [response] = await once(outgoing, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
