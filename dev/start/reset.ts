/** `npm run reset`: forgets everybody who signed in locally, and every key. */
import { resolve } from 'node:path'
import { readOptions } from '../options.ts'
import { CannotStart } from './cannot-start.ts'
import { localUrl } from './ports.ts'
import { findRunning } from './running.ts'
import { clearState, defaultState } from './state.ts'

const usage = `npm run reset

Forgets everything local: people, keys, grants. Pictures and figures in .local/ stay.

  --state <folder>   the same as of npm start`

const { state } = readOptions(usage, { state: { type: 'string' } })
const folder = state === undefined ? defaultState : resolve(state)
const running = await findRunning(folder)
if (running) {
  throw new CannotStart(
    `It is running (process ${running.pid}, ${localUrl(running.port)}): stop it first, with Ctrl-C.`,
  )
}
await clearState(folder)
console.log(`Cleared ${folder}: people, keys and grants.`)
