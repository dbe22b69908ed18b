import { test } from 'vitest'
import { forTests } from '../worlds/for-tests.ts'
import { callers, expectOneCreate, expectOneReplace, startRacers } from '../worlds/races.ts'
import { times } from '../worlds/times.ts'
import { startBlobsEmulator } from './emulator.ts'

const rounds = times(40, 200)
const emulator = forTests(startBlobsEmulator, ({ stop }) => stop())
const racers = forTests(
  () => startRacers(new URL('race-child.ts', import.meta.url), { client: emulator().clientOptions() }),
  ({ stop }) => stop(),
)
const versionOf = async (key: string) => emulator().inspect('race', key)?.etag.slice(1, -1)

test(`create: of ${callers} exactly one wins, in each of ${rounds} rounds`, () =>
  expectOneCreate(racers(), rounds, versionOf))

test(`replace: of ${callers} exactly one wins, in each of ${rounds} rounds`, () =>
  expectOneReplace(racers(), rounds, versionOf))
