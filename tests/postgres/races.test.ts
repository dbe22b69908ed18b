import { test } from 'vitest'
import { forTests } from '../../dev/worlds/for-tests.ts'
import { callers, expectOneCreate, expectOneReplace, startRacers } from '../../dev/worlds/races.ts'
import { openStore, startServer } from './place.ts'

const rounds = 200
const { signal } = new AbortController()
const server = forTests(startServer, ({ stop }) => stop())
const store = forTests(
  async () => openStore(server().url(), { site: 'race' }),
  async ({ close }) => close(),
)
const racers = forTests(
  () => startRacers(new URL('race-child.ts', import.meta.url), { url: server().url() }),
  ({ stop }) => stop(),
)
const versionOf = async (key: string) => (await store().get(key, signal))?.version

test(`create: of ${callers} exactly one wins, in each of ${rounds} rounds [F-000-44 F-002-14]`, () =>
  expectOneCreate(racers(), rounds, versionOf))

test(`replace: of ${callers} exactly one wins, in each of ${rounds} rounds [F-000-44 F-002-14]`, () =>
  expectOneReplace(racers(), rounds, versionOf))
