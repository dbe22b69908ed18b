import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { repository } from '../repository.ts'
import { CannotStart } from './cannot-start.ts'

/** Where the local world keeps its state, if not told otherwise. Other things of this working copy are in there too. */
export const defaultState = join(repository, '.local')

/** Says of a folder that it is for the state of a local world, and nothing else. */
const marker = 'mcp-oauth-broker-state'

/** What the local world writes; nothing else is ever removed. The drafts of a note that a kill has left belong to it. */
const isOurs = (name: string) => /^(blobs|oidc|secret|running\.json(\..+)?)$/.test(name)

/**
 * Makes the folder, or sees that it is one of ours.
 *
 * @param given `--state`, relative to where the command was run; the usual place if left out
 * @returns its absolute path
 * @throws CannotStart if there is something in it, and nothing says that it is ours
 */
export async function openState(given: string | undefined): Promise<string> {
  const folder = given === undefined ? defaultState : resolve(given)
  const names = await list(folder)
  if (folder === defaultState || names.includes(marker)) return folder
  if (names.length > 0) throw new CannotStart(`${folder} is not a state folder: name a new or an empty one.`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, marker), 'The state of a local mcp-oauth-broker. Made by npm start.\n')
  return folder
}

/**
 * Removes the state in the folder, and nothing else.
 *
 * @throws CannotStart if the folder is not one of ours
 */
export async function clearState(folder: string): Promise<void> {
  const names = await list(folder)
  if (folder !== defaultState && !names.includes(marker)) {
    throw new CannotStart(`${folder} is not a state folder of npm start: nothing was removed.`)
  }
  for (const name of names.filter(isOurs)) await rm(join(folder, name), { recursive: true, force: true })
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') throw new CannotStart(`${folder} is not a folder.`)
    throw error
  })
}
