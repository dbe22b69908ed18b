import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, createBrowser } from '../dev/browser/jar.ts'
import { personSignsIn } from '../dev/browser/person.ts'
import type { World } from '../dev/start/world.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { mcpPaths } from '../lib/settings/docs-resource.ts'
import { createDriver, type Driver, expectStatus, targetOf, tokensOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { ask } from './question.ts'
import { Samples } from './statistics.ts'

/** Milliseconds per store operation, in the slow half of the samples. */
const latency = 25
/** Milliseconds without a store operation after which what began in the background has ended. */
const quiet = 2 * latency

/** The most that may be on the critical path. */
const holdDepth: Readonly<Record<string, number>> = {
  'server metadata': 0,
  'resource metadata': 0,
  JWKS: 0,
  registration: 1,
  'authorization request': 0,
  approval: 0,
  callback: 0,
  'code exchange': 1,
  'bearer verification': 0,
  refresh: 1,
  'first question of a person': 1,
  'next question': 1,
  // Also what each asks of the store before its answer: tests/flows/round-trips.test.ts counts that.
  'code replay': 3,
  'refresh replay': 3,
}

type Probe = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** A store whose operations are counted, and can be made slow. */
export interface Counted {
  /** Operations so far. */
  count(): number
  /** Milliseconds that each of them takes in addition. */
  setLatency(milliseconds: number): void
}

const countedBlobs = ({ emulator }: World): Counted => ({
  count: () => emulator.operations().at(-1)?.sequence ?? 0,
  setLatency: emulator.setLatency,
})

/**
 * Store round trips of each kind of request, one at a time, on a warm host: on the critical path (what a slower store
 * adds to the time of the answer) and in all (the log of the store, with what is recorded after the answer).
 */
export async function measureRoundTrips(
  world: World,
  samples: number,
  { count: lastSequence, setLatency } = countedBlobs(world),
  section = 'Store round trips',
): Promise<Figure[]> {
  const walls = { fast: new Samples(), slow: new Samples() }
  const operations = new Samples()
  const driver = createDriver(targetOf(world), 1)
  const untilQuiet = async () => {
    for (let seen = -1; seen !== lastSequence(); ) {
      seen = lastSequence()
      await delay(quiet)
    }
  }

  const probing =
    (walls: Samples): Probe =>
    async (name, work) => {
      await untilQuiet()
      const before = lastSequence()
      const began = performance.now()
      const result = await work()
      walls.add(name, performance.now() - began)
      await untilQuiet()
      operations.add(name, lastSequence() - before)
      return result
    }

  try {
    // The first pass is the instance's warm-up, and is thrown away.
    await scenario(driver, async (_name, work) => work())
    for (let sample = 0; sample < samples; sample++) {
      await scenario(driver, probing(walls.fast))
      setLatency(latency)
      await scenario(driver, probing(walls.slow))
      setLatency(0)
    }
  } finally {
    setLatency(0)
    driver.close()
  }

  return walls.fast
    .names()
    .flatMap((name): Figure[] => {
      const depth = (walls.slow.median(name) - walls.fast.median(name)) / latency
      const note = `${walls.fast.median(name).toFixed(1)} ms, ${walls.slow.median(name).toFixed(1)} ms with ${latency} ms per operation`
      const hold = holdDepth[name]
      return [
        {
          section: `${section}: critical path`,
          name,
          value: Math.max(0, Math.round(depth * 10) / 10),
          unit: '',
          // Timers are late, never early: a depth of 1 is measured as 1.0 to 1.1.
          digits: hold === undefined ? 1 : 0,
          ...(hold !== undefined && { hold }),
          note,
        },
        {
          section: `${section}: in all`,
          name,
          value: operations.median(name),
          unit: '',
        },
      ]
    })
    .sort((one, other) => one.section.localeCompare(other.section))
}

/** One of everything, through a real sign-in. */
async function scenario(driver: Driver, probe: Probe): Promise<void> {
  const get = async (path: string) => expectStatus(await driver.send('GET', path), 200)
  await probe('server metadata', () => get(paths.authorizationServerMetadata))
  await probe('resource metadata', () => get(mcpPaths.protectedResourceMetadataOfMcp))
  await probe('JWKS', () => get(paths.jwks))
  const clientId = await probe('registration', () => driver.register())

  const answer = await personSignsIn({
    authorizationUrl: driver.authorizationUrl(clientId),
    email: 'bench@example.com',
    browser: probedBrowser(probe),
  })
  const code = answer.searchParams.get('code') ?? ''
  const first = await probe('code exchange', async () => tokensOf(await driver.redeem(clientId, code)))
  expectStatus(await driver.ping(first.access), 200)
  await probe('bearer verification', async () => expectStatus(await driver.ping(first.access), 200))
  const asker = tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))
  await probe('first question of a person', () => ask(driver, asker.access, '2026-07-28'))
  await probe('next question', () => ask(driver, asker.access, '2026-07-28'))
  const second = await probe('refresh', async () => tokensOf(await driver.refresh(clientId, first.refresh)))
  tokensOf(await driver.refresh(clientId, second.refresh))
  await probe('refresh replay', async () => expectStatus(await driver.refresh(clientId, first.refresh), 400))

  const spent = driver.mintCode(clientId)
  tokensOf(await driver.redeem(clientId, spent))
  await probe('code replay', async () => expectStatus(await driver.redeem(clientId, spent), 400))
}

const steps: Readonly<Record<string, string>> = {
  [paths.authorize]: 'authorization request',
  [paths.approve]: 'approval',
  [paths.callback]: 'callback',
}

/** A person's browser; its requests to the service are steps of the sign-in, those to the OpenID Provider are not ours. */
function probedBrowser(probe: Probe): Browser {
  const { fetch, cookies } = createBrowser()
  return {
    cookies,
    fetch(url, init) {
      const step = steps[new URL(url).pathname]
      return step === undefined ? fetch(url, init) : probe(step, () => fetch(url, init))
    },
  }
}
