/** `npm run drills`: carries out outages against the built functions, and checks what users and operators see. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Explained } from '../../dev/explained.ts'
import { readOptions } from '../../dev/options.ts'
import { repository } from '../../dev/repository.ts'

const usage = `npm run drills

Carries out outages against the built functions, with two hosts on one store: the store, the OpenID Provider or Kapa fails, a clock is
wrong, a key is lost, a secret has leaked, the disk is full, a person is ended, scheduled functions do not run, the CRM or the collector
is away, and load while everything fails. It checks what users and operators see, and that the service recovers by itself or by what
docs/runbook.md says. It takes some minutes.

  --load <seconds>   how long the load lasts; default 20
  --only <text>      carries out only the drills whose file has this text in its name, such as store or load`

const { load, only } = readOptions(usage, {
  load: { type: 'string', default: '20' },
  only: { type: 'string', default: '' },
})
if (!/^[1-9]\d{0,4}$/.test(load)) throw new Explained('--load takes a whole number of seconds')

const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', '-c', 'vitest.drills.config.ts', only], {
  cwd: repository,
  env: { ...process.env, DRILL_LOAD_SECONDS: load },
  stdio: 'inherit',
})
const [code] = await once(child, 'exit')
process.exitCode = code ?? 1
