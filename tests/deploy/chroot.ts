import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Explained } from '../../dev/explained.ts'

/**
 * A file system of its own, which stands for a stage of an image: this machine's programs (`/usr`, read-only), a Node and
 * its npm, and nothing else of this machine.
 */
export interface Stage {
  /** The path on this machine of a file in the stage. */
  path(inside: string): string
  /** Runs a command in the stage. @returns what it printed @throws Explained with its output if it fails */
  run(command: readonly string[], options: RunOptions): Promise<string>
  /** Starts a command in the stage. */
  start(command: readonly string[], options: RunOptions): ChildProcessByStdio<null, Readable, Readable>
}

export interface RunOptions {
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Runs as the user `node`, without any right of root. */
  readonly asUser?: boolean
  /** The stage cannot be written to. */
  readonly readOnly?: boolean
}

/** The user of the official images of Node. */
const nodeId = 1000
const path = '/opt/node/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'

/**
 * @param root a new folder
 * @param node the program that the base image has
 */
export async function createStage(root: string, node: string): Promise<Stage> {
  const inside = (name: string) => join(root, name)
  for (const name of ['usr', 'etc', 'dev', 'proc', 'tmp', 'root', 'opt/node/bin']) {
    await mkdir(inside(name), { recursive: true })
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, inside(name))
  await chmod(inside('tmp'), 0o1777)
  await cp(node, inside('opt/node/bin/node'), { dereference: true })
  for (const name of ['resolv.conf', 'hosts', 'nsswitch.conf', 'ssl', 'group', 'ld.so.cache']) {
    await cp(join('/etc', name), inside(`etc/${name}`), { recursive: true, dereference: true }).catch(ignoreMissing)
  }
  const users = await readFile('/etc/passwd', 'utf8')
  await writeFile(inside('etc/passwd'), `${users}node:x:${nodeId}:${nodeId}::/home/node:/bin/sh\n`)

  function argumentsOf(command: readonly string[], options: RunOptions): readonly string[] {
    const { directory, env, asUser = false, readOnly = false } = options
    const mounts = [
      `mount --bind ${root} ${root}`,
      `mount --rbind -o ro /usr ${root}/usr`,
      `mount --rbind /dev ${root}/dev`,
      `mount -t proc proc ${root}/proc`,
      ...(readOnly ? [`mount -o remount,bind,ro ${root}`] : []),
    ]
    const rights = ['setpriv', `--reuid=${nodeId}`, `--regid=${nodeId}`, '--clear-groups', '--no-new-privs', '--bounding-set=-all'] // biome-ignore format: one line
    const variables = { PATH: path, HOME: asUser ? '/home/node' : '/root', ...env }
    const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const wanted = [...(asUser ? rights : []), ...command]
    return [
      ...['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'],
      ...['chroot', root, 'env', '-i', '-C', directory, ...assignments, ...wanted],
    ]
  }

  const start = (command: readonly string[], options: RunOptions) =>
    spawn('unshare', argumentsOf(command, options), { stdio: ['ignore', 'pipe', 'pipe'] })
  return {
    path: inside,
    start,
    async run(command, options) {
      const child = start(command, options)
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
        })
      }
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Explained(`${command.join(' ')} ended with ${code}\n${output}`)
      return output
    },
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/** Whether this machine lets this user make file systems of its own. */
export function canMakeStages(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
