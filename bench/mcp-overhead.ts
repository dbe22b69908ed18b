import { createDriver, type Target } from './driver.ts'
import type { Figure } from './figures.ts'
import { peopleFor, signIn } from './people.ts'
import { ask, askKapa, revisions } from './question.ts'
import { quantile, Samples } from './statistics.ts'

const warmUpRounds = 50

/**
 * What a question at `/mcp` takes beyond the same question sent straight to Kapa's stand-in: one at a time, turn and turn
 * about, with the default configuration. The bearer, the grant, the limit and both protocols are in it.
 */
export async function measureOverhead(
  { service, kapaUrl }: { readonly service: Target; readonly kapaUrl: string },
  rounds: number,
): Promise<Figure[]> {
  const next = await signIn(service, peopleFor(revisions.length * (warmUpRounds + rounds)))
  const driver = createDriver(service, 1)
  const kapa = createDriver({ url: kapaUrl, secret: '', pid: 0 }, 1)
  let walls = new Samples()
  const timed = async (name: string, work: () => Promise<void>) => {
    const began = performance.now()
    await work()
    walls.add(name, performance.now() - began)
  }
  try {
    for (let round = 0; round < warmUpRounds + rounds; round++) {
      if (round === warmUpRounds) walls = new Samples()
      await timed('straight', () => askKapa(kapa))
      for (const revision of revisions) await timed(revision, () => ask(driver, next(), revision))
    }
  } finally {
    driver.close()
    kapa.close()
  }
  return revisions.flatMap((revision) =>
    [0.5, 0.99].map((fraction): Figure => {
      const [through, straight] = [quantile(walls.of(revision), fraction), quantile(walls.of('straight'), fraction)]
      return {
        section: 'Overhead of a question at /mcp, beyond the upstream call',
        name: `${revision}, p${fraction * 100}`,
        value: through - straight,
        unit: 'ms',
        digits: 2,
        note: `${through.toFixed(2)} ms, straight to the stand-in ${straight.toFixed(2)} ms`,
      }
    }),
  )
}
