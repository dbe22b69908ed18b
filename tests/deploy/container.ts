import { once } from 'node:events'
import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { createStage, requireStages, type Stage } from './chroot.ts'
import { type Instruction, isIgnored, patternsIn, readDockerfile, variablesOf } from './dockerfile.ts'
import type { Trial } from './trial.ts'

const issuer = 'https://docs.example'

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
  async run({ folder, check, progress }) {
    requireStages()
    progress('carrying out the Dockerfile')
    const image = await buildImage(join(folder, 'container'), progress)
    check('the image runs as the user node', image.user === 'node')

    const port = await freePorts()
    const settings = {
      ...image.env,
      PORT: `${port}`,
      MCP_OAUTH_ISSUER: issuer,
      MCP_OAUTH_SECRET: newSecret(),
      UPSTREAM_ISSUER: 'https://id.example/',
      UPSTREAM_CLIENT_ID: 'container',
      KAPA_API_KEY: 'key',
      STORE_BACKEND: 'postgres',
      // Nothing listens there. What needs the store is tried by tests/flows/serve.test.ts.
      DATABASE_URL: 'postgres://broker:broker@127.0.0.1:1/broker',
      TRUSTED_PROXIES: '127.0.0.1',
      SHUTDOWN_DELAY: '1',
    }
    const options = { directory: image.directory, env: settings, asUser: image.user !== undefined, readOnly: true }
    const command = image.instruction('CMD')?.elements ?? []
    const health = image.instruction('HEALTHCHECK')?.elements ?? []

    progress(`starting ${command.join(' ')}`)
    const running = image.stage.start(command, options)
    const lines: string[] = []
    running.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text))
    running.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text))
    const ended = once(running, 'close')
    try {
      for (let tries = 0; tries < 100 && !lines.join('').includes('"serving"'); tries++) await delay(100)
      const own = { host: 'docs.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' }
      const metadata = await ask(port, '/.well-known/oauth-authorization-server', own)
      check('it answers for its issuer', metadata.status === 200 && metadata.text.includes(`"issuer":"${issuer}"`))
      check('it is alive for a balancer that names no host', (await ask(port, '/health', {})).status === 200)
      check('it sends a page to https', (await ask(port, '/', { ...own, 'x-forwarded-proto': 'http' })).status === 308)
      check('it has no outside way to a scheduled function', (await ask(port, '/.netlify/functions/usage', own, 'POST')).status === 404) // biome-ignore format: one line
      const unhealthy = await image.stage.run(health, options).then(
        () => '',
        (error: Error) => error.message,
      )
      check('its health check fails while its database is down', /answered 503.*store_unavailable/.test(unhealthy))

      // The signal goes to the process with the program: `unshare` passes none on.
      process.kill(await programOf(running.pid ?? 0), 'SIGTERM')
      const [code] = await ended
      check('it ends by itself at SIGTERM, with exit code 0', code === 0)
      check('it says that nothing was given up', lines.join('').includes('"stopped","unfinished":0'))
    } finally {
      running.kill('SIGKILL')
      await ended
    }
    const written = await image.stage
      .run(['sh', '-c', 'touch server.mjs functions/x'], { ...options, readOnly: false })
      .then(() => true, () => false) // biome-ignore format: one line
    check('its user cannot change its files', !written)
  },
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
