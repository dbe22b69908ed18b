/** `npm run reset`: forgets everybody who signed in locally, and every key. Takes the same `--state` as `npm start`. */
import { rm } from 'node:fs/promises'
import { findRunning } from './running.ts'
import { stateFolder } from './state.ts'

const state = stateFolder()
const running = await findRunning(state)
if (running) {
  console.error(`It is running (process ${running.pid}, http://localhost:${running.port}): stop it first, with Ctrl-C.`)
  process.exitCode = 1
} else {
  await rm(state, { recursive: true, force: true })
  console.log(`Cleared ${state}`)
}
