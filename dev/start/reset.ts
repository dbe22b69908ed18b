/** `npm run reset` deletes the local state: users, keys and grants. */
import { resolve } from 'node:path'
import { readOptions } from '../options.ts'
import { CannotStart } from './cannot-start.ts'
import { localUrl } from './ports.ts'
import { findRunning } from './running.ts'
import { clearState, defaultState } from './state.ts'

const usage = `npm run reset

Deletes all local state: users, keys, grants. Pictures and figures in .local/ stay.

  --state <folder>   the folder that was given to npm start`

const { state } = readOptions(usage, { state: { type: 'string' } })
const folder = state === undefined ? defaultState : resolve(state)
const running = await findRunning(folder)
if (running) {
  throw new CannotStart(
    `It is running at ${localUrl(running.port)} (process ${running.pid}). Stop it first with Ctrl-C.`,
  )
}
await clearState(folder)
console.log(`Deleted the users, keys and grants in ${folder}.`)
