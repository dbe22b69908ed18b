import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { repository } from '../build/build.ts'

/** Where the local world keeps its state: `.local/`, or the folder given as `--state` on the command line. */
export function stateFolder(): string {
  const { values } = parseArgs({ options: { state: { type: 'string', default: join(repository, '.local') } } })
  return resolve(values.state)
}
