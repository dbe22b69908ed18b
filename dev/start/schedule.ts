import { readManifest } from '../build/manifest.ts'

export interface Scheduler {
  stop(): Promise<void>
}

/**
 * Calls the scheduled functions of an artifact at their times, as the platform does for the published deploy.
 *
 * @param url of the function host
 * @param manifestPath returns the manifest of the artifact that runs now
 */
export function startScheduler(url: string, manifestPath: () => string): Scheduler {
  const running = new Set<Promise<void>>()
  let timer: NodeJS.Timeout
  const stopping = new AbortController()

  async function callDue(minute: Date): Promise<void> {
    for (const { name, schedule } of await readManifest(manifestPath())) {
      if (schedule === undefined || !isDue(schedule, minute)) continue
      const request = { method: 'POST', signal: stopping.signal }
      const response = await fetch(`${url}/.netlify/functions/${name}`, request)
      await response.body?.cancel()
    }
  }

  function waitForMinute(): void {
    timer = setTimeout(
      () => {
        // A host that is being replaced does not answer. The next minute comes.
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
