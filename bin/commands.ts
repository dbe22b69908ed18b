import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Explained } from '../dev/explained.ts'
import { endWhenAsked } from '../dev/interruption.ts'
import { notInstalled } from '../dev/not-installed.ts'
import { folderPrefix } from '../dev/temporary-folder.ts'

/** Each runs when it is loaded, and reads its own options. None is loaded before Node is known to be able to. */
const programs: { readonly [command: string]: () => Promise<unknown> } = {
  start: () => import('../dev/start/main.ts'),
  demo: () => import('../dev/demo/cli.ts'),
  reset: () => import('../dev/start/reset.ts'),
  build: () => import('../dev/build/cli.ts'),
  secret: () => import('../dev/secret.ts'),
  'test:clients': () => import('../tests/real-clients/cli.ts'),
  bench: () => import('../bench/cli.ts'),
  pictures: () => import('../dev/pictures/cli.ts'),
  conformance: () => import('../dev/conformance/cli.ts'),
  'reader-page': () => import('../dev/reader-page/cli.ts'),
  fuzz: () => import('../tests/properties/run.ts'),
  installed: () => import('../dev/installed.ts'),
}

/** Runs the program behind `npm start` or `npm run <command>`. What is the person's to put right is one line, and exit code 1. */
export async function run(command = ''): Promise<void> {
  const program = Object.hasOwn(programs, command) ? programs[command] : undefined
  endWhenAsked()
  try {
    if (program === undefined) throw new Explained(`Which program? One of ${Object.keys(programs).join(', ')}.`)
    await program()
  } catch (error) {
    const reason = error instanceof Explained ? error.message : (missingPackage(error) ?? fileTrouble(error))
    if (reason === undefined) throw error
    console.error(reason)
    process.exitCode = 1
  }
}

function missingPackage(error: unknown): string | undefined {
  if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') return undefined
  const [, name] = /^Cannot find package '([^']+)'/.exec(messageOf(error)) ?? []
  return name && notInstalled(name)
}

/** A file or folder that the machine does not let us have: who may be asked for it, and where it is, is all there is to know. */
const troubles: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', 'you may not'],
  ['EPERM', 'you may not'],
  ['EROFS', 'its disk can only be read'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'your quota of its disk is used up'],
  ['ENOTDIR', 'what should be a folder on the way is a file'],
  ['EISDIR', 'it is a folder, not a file'],
  ['EEXIST', 'something else is there'],
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
    ? `The folder for what is temporary, ${temporary}, cannot be used: ${why} (${code}). TMPDIR names another one.`
    : `${path} cannot be made, read or written: ${why} (${code}).`
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)
const messageOf = (error: unknown) => (error instanceof Error ? error.message : '')
