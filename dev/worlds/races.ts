import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** For tests in which callers in several processes race for the same keys. */

export const processes = 4
export const racersEach = 13
export const callers = `${processes * racersEach} callers in ${processes} processes`

export interface Racers {
  /** Lets all callers write the key at once, and returns the versions of those that won. `version`: `null` for a `create`. */
  winners(key: string, version: string | null): Promise<readonly string[]>
  stop(): Promise<void>
}

/**
 * Starts the processes. Each of them calls `answerRaces`.
 *
 * @param child the file that they run
 * @param options what they read from their first argument, as JSON, beside `racers`
 */
export async function startRacers(child: URL, options: object): Promise<Racers> {
  const argument = JSON.stringify({ ...options, racers: racersEach })
  const children = Array.from({ length: processes }, () => fork(fileURLToPath(child), [argument], { execArgv: [] }))
  await Promise.all(children.map((each) => once(each, 'message')))
  return {
    async winners(key, version) {
      const told = await Promise.all(
        children.map(async (each): Promise<string[]> => {
          const answered = once(each, 'message')
          each.send({ key, version })
          return (await answered)[0]
        }),
      )
      return told.flat()
    },
    async stop() {
      await Promise.all(
        children.map(async (each) => {
          const exited = once(each, 'exit')
          each.disconnect()
          await exited
        }),
      )
    },
  }
}

/** Each round creates a key of its own, and exactly one caller wins. `versionOf` reads what is stored. */
export async function expectOneCreate(
  { winners }: Racers,
  rounds: number,
  versionOf: (key: string) => Promise<string | undefined>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const versions = await winners(`create/${round}`, null)
    expect(versions).toHaveLength(1)
    expect(await versionOf(`create/${round}`)).toBe(versions[0])
  }
}

/** Each round replaces the same record, and exactly one caller wins. */
export async function expectOneReplace(
  { winners }: Racers,
  rounds: number,
  versionOf: (key: string) => Promise<string | undefined>,
): Promise<void> {
  let [version = ''] = await winners('replace', null)
  for (let round = 0; round < rounds; round++) {
    const versions = await winners('replace', version)
    expect(versions).toHaveLength(1)
    version = versions[0] ?? ''
    expect(await versionOf('replace')).toBe(version)
  }
}
