import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { repository } from '../repository.ts'
import { CannotStart } from './cannot-start.ts'

/** The folder in which the local world keeps its state by default. It also contains other files of this working copy. */
export const defaultState = join(repository, '.local')

/** The file that marks a folder as one for the state of a local world. */
const marker = 'mcp-oauth-broker-state'

/** Whether the local world wrote this file. No other file is ever removed. Drafts of a note that a killed process left belong to it. */
const isOurs = (name: string) => /^(blobs|postgres|oidc|secret|admin-token|running\.json(\..+)?)$/.test(name)

/**
 * Creates the folder, or checks that it is marked as ours.
 *
 * @param given `--state`, relative to the current folder; `defaultState` if omitted
 * @returns its absolute path
 * @throws CannotStart if the folder is neither empty nor marked
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
 * Deletes the state in the folder and nothing else.
 *
 * @throws CannotStart if the folder is not marked as ours
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
