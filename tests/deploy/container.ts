import { once } from 'node:events'
import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Explained } from '../../dev/explained.ts'
import { startPostgres } from '../../dev/postgres/server.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { canMakeStages, createStage, type Stage } from './chroot.ts'
import { type Instruction, isIgnored, patternsIn, readDockerfile, variablesOf } from './dockerfile.ts'
import type { Surroundings, Trial } from './trial.ts'

const issuer = 'https://docs.example'
const secret = newSecret()

/** What an image would start: the last stage, and what its instructions have set. */
interface Image {
  readonly stage: Stage
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string | undefined
  readonly instruction: (name: string) => Instruction | undefined
}

/** Carries out the Dockerfile in file systems of its own, and runs what comes out as the image would. */
export const container: Trial = {
  name: 'container',
  async run(surroundings) {
    const { folder, check, progress } = surroundings
    if (!canMakeStages())
      return progress('not tried: the Dockerfile is carried out with unshare, mount and chroot, which need root')
    progress('carrying out the Dockerfile')
    const image = await buildImage(join(folder, 'container'), progress)
    check('the image runs as the user node', image.user === 'node')

    // Nothing listens there.
    const nowhere = 'postgres://broker:broker@127.0.0.1:1/broker'
    await withImage(image, { DATABASE_URL: nowhere }, async (running) => {
      const { port, health, end } = running
      const own = { host: 'docs.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' }
      const metadata = await ask(port, '/.well-known/oauth-authorization-server', own)
      check('it answers for its issuer', metadata.status === 200 && metadata.text.includes(`"issuer":"${issuer}"`))
      check('it is alive for a balancer that names no host', (await ask(port, '/health', {})).status === 200)
      check('it sends a page to https', (await ask(port, '/', { ...own, 'x-forwarded-proto': 'http' })).status === 308)
      const scheduled = await ask(port, '/.netlify/functions/usage', own, 'POST')
      check('it has no outside way to a scheduled function', scheduled.status === 404)
      check('its health check fails while its database is down', /answered 503.*store_unavailable/.test(await health()))
      check('it ends by itself at SIGTERM, with exit code 0', (await end()) === 0)
      check('it says that nothing was given up', running.output().includes('"stopped","unfinished":0'))
    })
    const written = await image.stage.run(['sh', '-c', 'touch server.mjs functions/x'], optionsOf(image, {})).then(
      () => true,
      () => false,
    )
    check('its user cannot change its files', !written)
    await tryWithDatabase(image, surroundings)
  },
}

/** The same with a PostgreSQL server, if this machine has one. */
async function tryWithDatabase(image: Image, { check, progress }: Surroundings): Promise<void> {
  const database = await startPostgres().catch((error: unknown) => {
    if (error instanceof Explained) return null
    throw error
  })
  if (!database) return progress('no PostgreSQL server here: what needs one is not tried')
  try {
    const settings = { DATABASE_URL: database.url() }
    progress('node server.mjs migrate, with a PostgreSQL server')
    const migrate = () => image.stage.run(['node', 'server.mjs', 'migrate'], { ...optionsOf(image, settings), readOnly: true }) // biome-ignore format: one line
    check('it prepares the database', (await migrate()).includes('The database is ready.'))
    check('it finds the database prepared', (await migrate()).includes('has all'))
    await withImage(image, settings, async ({ health, end }) => {
      check('its health check succeeds with its database', (await health()).includes('"ready"'))
      check('it ends with exit code 0', (await end()) === 0)
    })
  } finally {
    await database.stop()
  }
}

function optionsOf(image: Image, settings: Readonly<Record<string, string>>) {
  const env = {
    ...image.env,
    MCP_OAUTH_ISSUER: issuer,
    MCP_OAUTH_SECRET: secret,
    UPSTREAM_ISSUER: 'https://id.example/',
    UPSTREAM_CLIENT_ID: 'container',
    KAPA_API_KEY: 'key',
    STORE_BACKEND: 'postgres',
    TRUSTED_PROXIES: '127.0.0.1',
    SHUTDOWN_DELAY: '1',
    ...settings,
  }
  return { directory: image.directory, env, asUser: image.user !== undefined }
}

interface RunningImage {
  readonly port: number
  /** Runs the health check of the image. @returns what it printed */
  health(): Promise<string>
  /** Sends SIGTERM. @returns the exit code */
  end(): Promise<number | null>
  output(): string
}

/** Runs `CMD` of the image as its user, in a file system that cannot be written to. */
async function withImage(
  image: Image,
  settings: Readonly<Record<string, string>>,
  work: (running: RunningImage) => Promise<void>,
): Promise<void> {
  const port = await freePorts()
  const options = { ...optionsOf(image, { ...settings, PORT: `${port}` }), readOnly: true }
  const child = image.stage.start(image.instruction('CMD')?.elements ?? [], options)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close')
  try {
    for (let tries = 0; tries < 300 && !output.includes('"serving"'); tries++) await delay(100)
    await work({
      port,
      output: () => output,
      health: () =>
        image.stage
          .run(image.instruction('HEALTHCHECK')?.elements ?? [], options)
          .catch((error: Error) => error.message),
      async end() {
        // The signal goes to the process with the program: `unshare` passes none on.
        process.kill(await programOf(child.pid ?? 0), 'SIGTERM')
        const [code] = await ended
        return code
      },
    })
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

/** How this machine reaches the npm registry. Docker hands the same variables to a build. */
const wayOut = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    /^(?:NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)$/i.test(name) && value !== undefined ? [[name, value]] : [],
  ),
)

async function buildImage(folder: string, progress: (what: string) => void): Promise<Image> {
  const stages = readDockerfile(await readFile(join(repository, 'Dockerfile'), 'utf8'))
  const ignored = patternsIn(await readFile(join(repository, '.dockerignore'), 'utf8'))
  const node = join(repository, 'node_modules/.bin/node')
  const built = new Map<string, Stage>()
  let image: Image | undefined
  for (const [index, { name, instructions }] of stages.entries()) {
    const stage = await createStage(join(folder, `stage-${index}`), node)
    if (name !== undefined) built.set(name, stage)
    let directory = '/'
    let env: Record<string, string> = {}
    let user: string | undefined
    for (const instruction of instructions) {
      const { text, options } = instruction
      switch (instruction.name) {
        case 'WORKDIR':
          directory = resolve(directory, text)
          await mkdir(stage.path(directory), { recursive: true })
          break
        case 'ENV':
          env = { ...env, ...variablesOf(instruction) }
          break
        case 'USER':
          user = text
          break
        case 'COPY': {
          const paths = text.split(/\s+/)
          const target = stage.path(resolve(directory, paths.pop() ?? ''))
          const from = options.from === undefined ? null : built.get(options.from)
          if (from === undefined) throw new Error(`no stage ${options.from}`)
          await copyInto(target, paths, from, ignored)
          break
        }
        case 'RUN': {
          progress(text)
          await stage.run(['sh', '-c', text], { directory, env: { ...wayOut, ...env }, asUser: user !== undefined })
        }
      }
    }
    const last = instructions.toReversed()
    image = { stage, directory, env, user, instruction: (wanted) => last.find(({ name }) => name === wanted) }
  }
  if (!image) throw new Error('the Dockerfile has no stage')
  return image
}

/** Copies from another stage, or from the repository except what `.dockerignore` keeps out. */
async function copyInto(target: string, paths: readonly string[], from: Stage | null, ignored: readonly string[]) {
  const source = (path: string) => (from ? from.path(path) : join(repository, path))
  const filter = (path: string) => from !== null || path === repository || isWanted(path, ignored)
  for (const path of paths) {
    const isFolder = (await stat(source(path))).isDirectory()
    const to = isFolder ? target : join(target, path)
    await cp(source(path), to, { recursive: true, filter, verbatimSymlinks: true })
  }
}

function isWanted(path: string, ignored: readonly string[]): boolean {
  return !isIgnored(ignored, path.slice(repository.length + 1))
}

/** The process at the end of the chain of only children: `unshare`, `setpriv` and `env` replace themselves. */
async function programOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim()
  return children === '' ? pid : programOf(Number(children.split(' ')[0]))
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function ask(port: number, path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end()
  const [incoming] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of incoming) text += chunk
  return { status: incoming.statusCode, text }
}
