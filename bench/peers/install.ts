import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { installInto } from '../../dev/install-packages.ts'
import { repository } from '../../dev/repository.ts'

const source = import.meta.dirname
const manifest = v.object({ dependencies: v.record(v.string(), v.string()) })

/**
 * Installs the peers, unless they are installed. Their programs are beside this file and find them through a link.
 *
 * @returns the version of each package
 * @throws Explained with npm's message
 */
export async function installPeers(progress: (what: string) => void): Promise<Readonly<Record<string, string>>> {
  const target = join(repository, '.local/peers')
  await installInto({ source, target, what: 'the servers to compare with (55 MB)' }, progress)
  await symlink(join(target, 'node_modules'), join(source, 'node_modules'), 'dir').catch((error: unknown) => {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!exists) throw error
  })
  const text = await readFile(join(source, 'package.json'), 'utf8')
  return v.parse(manifest, JSON.parse(text)).dependencies
}
