import type { ManifestFunction } from '../build/manifest.ts'

export interface Scheduler {
  stop(): Promise<void>
}

/** Calls a scheduled function for one of its times. */
export type CallScheduled = (name: string, minute: Date, signal: AbortSignal) => Promise<void>

/**
 * Calls scheduled functions at their times, as the platform does for the published deploy. A call that fails is not
 * repeated: the next time comes.
 *
 * @param functions returns the functions of the artifact that runs now
 */
export function startScheduler(functions: () => Promise<readonly ManifestFunction[]>, call: CallScheduled): Scheduler {
  const running = new Set<Promise<void>>()
  let timer: NodeJS.Timeout
  const stopping = new AbortController()

  async function callDue(minute: Date): Promise<void> {
    const due = (await functions()).filter(({ schedule }) => schedule !== undefined && isDue(schedule, minute))
    await Promise.allSettled(due.map(({ name }) => call(name, minute, stopping.signal)))
  }

  function waitForMinute(): void {
    timer = setTimeout(
      () => {
        // The artifact may be in the middle of a rebuild. The next minute comes.
        const calls = callDue(new Date()).catch(() => {})
        running.add(calls)
        void calls.finally(() => running.delete(calls))
        waitForMinute()
      },
      60_000 - (Date.now() % 60_000),
    )
  }

  waitForMinute()
  return {
    async stop() {
      clearTimeout(timer)
      stopping.abort()
      await Promise.all(running)
    },
  }
}

/** Whether a schedule of cron names this minute, in UTC. Each field is a star, a star with a step, or a number. */
export function isDue(schedule: string, at: Date): boolean {
  const now = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay()]
  const fields = schedule.split(' ')
  if (fields.length !== now.length) throw new Error(`"${schedule}" is not a schedule with five fields`)
  return fields.every((field, index) => {
    const value = now[index] ?? 0
    const [, step] = /^\*\/(\d+)$/.exec(field) ?? []
    if (step !== undefined) return value % Number(step) === 0
    return field === '*' || Number(field) === value
  })
}

/** Calls scheduled functions over HTTP, at a function host. A host that is being replaced does not answer. */
export const callOverHttp =
  (url: string): CallScheduled =>
  async (name, _minute, signal) => {
    const response = await fetch(`${url}/.netlify/functions/${name}`, { method: 'POST', signal })
    await response.body?.cancel()
  }
