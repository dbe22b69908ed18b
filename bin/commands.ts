import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Explained } from '../dev/explained.ts'
import { endWhenAsked } from '../dev/interruption.ts'
import { notInstalled } from '../dev/not-installed.ts'
import { folderPrefix } from '../dev/temporary-folder.ts'

/** The program behind each command. A program runs when it is imported, and reads its own options. */
const programs: { readonly [command: string]: () => Promise<unknown> } = {
  start: () => import('../dev/start/main.ts'),
  demo: () => import('../dev/demo/cli.ts'),
  reset: () => import('../dev/start/reset.ts'),
  serve: () => import('../dev/serve/main.ts'),
  build: () => import('../dev/build/cli.ts'),
  'build:container': () => import('../dev/build/container.ts'),
  create: () => import('../lib/create/cli.ts'),
  'build:package': () => import('../dev/package/cli.ts'),
  release: () => import('../dev/release/cli.ts'),
  'keep-release': () => import('../dev/build/keep-release.ts'),
  secret: () => import('../dev/secret.ts'),
  settings: () => import('../dev/settings.ts'),
  store: () => storeCommand(process.argv[3]),
  'test:clients': () => import('../tests/real-clients/cli.ts'),
  'test:deploy': () => import('../tests/deploy/cli.ts'),
  'test:usage': () => import('../dev/usage/cli.ts'),
  simulate: () => import('../bench/simulate/cli.ts'),
  bench: () => import('../bench/cli.ts'),
  'bench:peers': () => import('../bench/peers/cli.ts'),
  pictures: () => import('../dev/pictures/cli.ts'),
  site: () => import('../dev/site/cli.ts'),
  conformance: () => import('../dev/conformance/cli.ts'),
  plugin: () => import('../dev/plugin/cli.ts'),
  'reader-page': () => import('../dev/reader-page/cli.ts'),
  drills: () => import('../tests/drills/cli.ts'),
  fuzz: () => import('../tests/properties/run.ts'),
  model: () => import('../tests/model/cli.ts'),
  admin: () => administer(process.argv.slice(3)),
  doctor: () => examine(process.argv.slice(3)),
  trace: () => administer(['trace', ...process.argv.slice(3)]),
  token: () => getToken(process.argv.slice(3)),
  installed: () => import('../dev/installed.ts'),
}

/** Runs the program behind `npm start` or `npm run <command>`. A problem that the user can fix is one line and exit code 1. */
export async function run(command = ''): Promise<void> {
  const program = Object.hasOwn(programs, command) ? programs[command] : undefined
  endWhenAsked()
  try {
    if (program === undefined)
      throw new Explained(`Unknown command. The commands are ${Object.keys(programs).join(', ')}.`)
    await program()
  } catch (error) {
    const reason = error instanceof Explained ? error.message : (missingPackage(error) ?? fileTrouble(error))
    if (reason === undefined) throw error
    console.error(reason)
    process.exitCode = 1
  }
}

/** The commands for operators. They find the system that `npm start` runs on this machine. */
async function administer(args: readonly string[]): Promise<void> {
  const [{ admin }, { terminal }] = await Promise.all([import('../cli/admin.ts'), import('../cli/terminal.ts')])
  const local = async () => (await import('../dev/start/local-admin.ts')).localAdmin()
  process.exitCode = await admin(args, terminal(local))
}

/** The commands about the store. They need a checkout, and what they ask is in the environment. */
async function storeCommand(name: string | undefined): Promise<unknown> {
  if (name === 'migrate') return import('../dev/postgres/cli.ts')
  if (name === 'copy') return copyStore(process.argv.slice(4))
  if (name === undefined || name === '-h' || name === '--help') return console.log(storeUsage)
  throw new Explained(`There is no npm run store -- ${name}. For the commands, run npm run store`)
}

const storeUsage = `npm run store

Commands about the store. Each of them says more with --help.

  npm run store -- migrate   applies to the database of DATABASE_URL the migrations that it lacks
  npm run store -- copy      moves all data from one store to the other while the service runs`

async function copyStore(args: readonly string[]): Promise<void> {
  const [{ copyCommand }, { terminal }] = await Promise.all([
    import('../cli/store-copy.ts'),
    import('../cli/terminal.ts'),
  ])
  const local = async () => (await import('../dev/start/local-admin.ts')).localCopy()
  process.exitCode = await copyCommand(args, terminal(local))
}

/** Checks a deployment, or the system that `npm start` runs on this machine. */
async function examine(args: readonly string[]): Promise<void> {
  const [{ doctor }, { doctorTerminal }] = await Promise.all([import('../cli/doctor.ts'), import('../cli/terminal.ts')])
  const local = async () => (await import('../dev/start/local-admin.ts')).localAdmin()
  process.exitCode = await doctor(args, doctorTerminal(local))
}

/** Gets a token for curl, at the system that `npm start` runs on this machine or at another server. */
async function getToken(args: readonly string[]): Promise<void> {
  const [{ token }, { doctorTerminal }] = await Promise.all([import('../cli/token.ts'), import('../cli/terminal.ts')])
  const local = async () => (await import('../dev/start/local-admin.ts')).localAdmin()
  process.exitCode = await token(args, doctorTerminal(local))
}

function missingPackage(error: unknown): string | undefined {
  if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') return undefined
  const [, name] = /^Cannot find package '([^']+)'/.exec(messageOf(error)) ?? []
  return name && notInstalled(name)
}

/** Why the machine does not give access to a file or folder, by the code of Node's error. */
const troubles: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'the disk is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'your disk quota is used up'],
  ['ENOTDIR', 'a part of the path is a file and not a folder'],
  ['EISDIR', 'it is a folder and not a file'],
  ['EEXIST', 'something else has this name'],
  ['EMFILE', 'too many files are open: raise the limit (ulimit -n)'],
])

function fileTrouble(error: unknown): string | undefined {
  const code = codeOf(error)
  const temporary = tmpdir()
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const isTemporary = path?.startsWith(join(temporary, folderPrefix)) || (code === 'ENOENT' && !existsSync(temporary))
  const why = code === 'ENOENT' && isTemporary ? 'there is no such folder' : troubles.get(code)
  if (path === undefined || why === undefined) return undefined
  return isTemporary
    ? `The temporary folder ${temporary} cannot be used: ${why} (${code}). Set TMPDIR to another folder.`
    : `${path} cannot be created, read or written: ${why} (${code}).`
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)
const messageOf = (error: unknown) => (error instanceof Error ? error.message : '')
