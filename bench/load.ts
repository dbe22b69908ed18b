import { createBrowser } from '../dev/browser/jar.ts'
import { personSignsIn } from '../dev/browser/person.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { createDriver, type Driver, expectStatus, type Target, tokensOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { cpuOf } from './process-usage.ts'
import { quantile } from './statistics.ts'

/** What one worker does, again and again. */
type Work = () => Promise<unknown>

export interface Unit {
  readonly name: string
  readonly note?: string
  /** Makes the work of one worker, ready to be repeated. */
  prepare(driver: Driver, clientId: string): Promise<Work>
  /** Whether it is the host and Netlify's bootstrap alone that are measured. */
  readonly empty?: true
}

const post = { headers: { 'content-type': 'application/json' } }

const units: readonly Unit[] = [
  {
    name: 'an empty function',
    note: 'the host and Netlify’s bootstrap: in every line below',
    empty: true,
    prepare: async (driver) => async () => expectStatus(await driver.send('GET', '/empty'), 200),
  },
  {
    name: 'discovery (server metadata)',
    prepare: async (driver) => async () =>
      expectStatus(await driver.send('GET', paths.authorizationServerMetadata), 200),
  },
  { name: 'registration', prepare: async (driver) => () => driver.register() },
  {
    name: 'whole sign-in, code exchange included',
    note: 'the OpenID Provider shares a core with the driver',
    async prepare(driver, clientId) {
      // The OpenID Provider knows this browser from the first time on.
      const browser = createBrowser()
      return async () => {
        const authorizationUrl = driver.authorizationUrl(clientId)
        const answer = await personSignsIn({ authorizationUrl, email: 'bench@example.com', browser })
        tokensOf(await driver.redeem(clientId, answer.searchParams.get('code') ?? ''))
      }
    },
  },
  {
    name: 'code exchange',
    prepare: async (driver, clientId) => async () =>
      expectStatus(await driver.redeem(clientId, driver.mintCode(clientId)), 200),
  },
  {
    name: 'refresh',
    async prepare(driver, clientId) {
      let { refresh } = tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))
      return async () => {
        refresh = tokensOf(await driver.refresh(clientId, refresh)).refresh
      }
    },
  },
  {
    name: 'bearer verification (ping at /mcp)',
    note: 'a token that was seen before',
    async prepare(driver, clientId) {
      const { access } = tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))
      return async () => expectStatus(await driver.ping(access), 200)
    },
  },
  {
    name: '401 at /mcp',
    note: 'what the line above costs without a token',
    prepare: async (driver) => async () => expectStatus(await driver.ping(), 401),
  },
  {
    name: 'refused code replay',
    note: 'of a grant that has ended',
    async prepare(driver, clientId) {
      const code = driver.mintCode(clientId)
      tokensOf(await driver.redeem(clientId, code))
      return async () => expectStatus(await driver.redeem(clientId, code), 400)
    },
  },
  {
    name: 'refused refresh replay',
    note: 'of a grant that has ended',
    async prepare(driver, clientId) {
      const first = tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))
      const second = tokensOf(await driver.refresh(clientId, first.refresh))
      tokensOf(await driver.refresh(clientId, second.refresh))
      return async () => expectStatus(await driver.refresh(clientId, first.refresh), 400)
    },
  },
  {
    name: 'junk at the token endpoint',
    note: 'never reaches the store',
    prepare: async (driver) => async () => expectStatus(await driver.send('POST', paths.token, post), 400),
  },
]

/** A measurement ends at the one or the other, whichever is first; it warms up with at most as many requests. */
export interface Bounds {
  readonly milliseconds: number
  readonly requests: number
}

export function measureLoad(
  targets: { readonly service: Target; readonly empty: Target },
  bounds: Bounds,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  const all = units.map((unit) => ({ unit, target: unit.empty ? targets.empty : targets.service }))
  return measureUnits('Requests per second', all, bounds, onProgress)
}

/** The same for some of the kinds of request, by their names. */
export const measureSome = (
  section: string,
  names: readonly string[],
  target: Target,
  bounds: Bounds,
  onProgress: (name: string) => void,
): Promise<Figure[]> => {
  const chosen = units.filter(({ name }) => names.includes(name)).map((unit) => ({ unit, target }))
  return measureUnits(section, chosen, bounds, onProgress)
}

/** Each of the units, one at a time and fifty at a time. */
export async function measureUnits(
  section: string,
  units: readonly { readonly unit: Unit; readonly target: Target }[],
  bounds: Bounds,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const concurrency of [1, 50]) {
    for (const { unit, target } of units) {
      onProgress(`${unit.name}, ${concurrency} at a time`)
      const { perSecond, p50, p99, cpu } = await run(target, unit, concurrency, bounds)
      figures.push({
        section: `${section}, ${concurrency} at a time`,
        name: unit.name,
        value: perSecond,
        unit: '/s',
        note: [`p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, host CPU ${cpu.toFixed(0)} µs`, unit.note]
          .filter(Boolean)
          .join('; '),
      })
    }
  }
  return figures
}

async function run(target: Target, unit: Unit, concurrency: number, { milliseconds, requests }: Bounds) {
  const { pid } = target
  const driver = createDriver(target, concurrency)
  try {
    const clientId = unit.empty ? '' : await driver.register()
    const workers = await Promise.all(Array.from({ length: concurrency }, () => unit.prepare(driver, clientId)))
    await drive(workers, { milliseconds: milliseconds / 5, requests })
    const cpuBefore = cpuOf(pid)
    const { walls, elapsed } = await drive(workers, { milliseconds, requests })
    return {
      perSecond: (walls.length / elapsed) * 1000,
      p50: quantile(walls, 0.5),
      p99: quantile(walls, 0.99),
      cpu: (cpuOf(pid) - cpuBefore) / walls.length,
    }
  } finally {
    driver.close()
  }
}

/** Lets every worker repeat its work until a bound is reached. */
async function drive(workers: readonly Work[], { milliseconds, requests }: Bounds) {
  const walls: number[] = []
  const began = performance.now()
  const repeat = async (work: Work) => {
    while (performance.now() - began < milliseconds && walls.length + workers.length <= requests) {
      const sent = performance.now()
      await work()
      walls.push(performance.now() - sent)
    }
  }
  await Promise.all(workers.map(repeat))
  return { walls, elapsed: performance.now() - began }
}
