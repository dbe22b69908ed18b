/** `npm run reset`: forgets everybody who signed in locally, and every key. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../build/build.ts'
import { findRunning } from './running.ts'

const state = join(repository, '.local')
const running = await findRunning(state)
if (running) {
  console.error(`It is running (process ${running.pid}, http://localhost:${running.port}): stop it first, with Ctrl-C.`)
  process.exitCode = 1
} else {
  await rm(state, { recursive: true, force: true })
  console.log('Cleared .local/')
}
