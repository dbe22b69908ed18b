import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sample } from '../../dev/worlds/times.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { readProfiles, runProfile } from './driver/run.ts'
import { type ProfileWorld, startProfileWorld } from './driver/world.ts'

const profiles = await readProfiles()

let world: ProfileWorld
let stack: Stack

beforeAll(async () => {
  world = await startProfileWorld()
  stack = await startStack({ settings: world.settings })
})
afterAll(async () => {
  await stack.stop()
  await world.stop()
})

describe('every client signs in at the first attempt, and stays signed in [F-000-02]', () => {
  // `npm run test:clients` runs every profile, and so does a long run of this file.
  test.each(sample(profiles, 2))('$name', async (profile) => {
    const results = await runProfile(profile, world.around(stack))
    const failed = results.filter(({ outcome }) => outcome === 'failed')
    expect(failed.map(({ client, step, reason }) => `${client}: ${step}: ${reason}`)).toEqual([])
  })
})

test('a profile names the sources of its facts', () => {
  for (const { name, sources } of profiles) {
    for (const { from } of sources) expect(from, name).toMatch(/^(https:\/\/\S+|seen running, .*\d)$/)
  }
})
