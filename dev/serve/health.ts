import { aboutPaths } from '../../lib/oauth/capabilities.ts'
import { Explained } from '../explained.ts'

/** Milliseconds. The service proves the store within five seconds. */
const deadline = 8000

/**
 * Asks the service in this container whether it is ready.
 *
 * @throws Explained if it is not
 */
export async function checkHealth(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const url = `http://127.0.0.1:${env.PORT?.trim() || 8080}${aboutPaths.readiness}`
  const answer = await fetch(url, { signal: AbortSignal.timeout(deadline) }).catch((error: unknown) => {
    throw new Explained(`${url} did not answer: ${error}`)
  })
  const text = await answer.text()
  if (answer.status !== 200) throw new Explained(`${url} answered ${answer.status}: ${text.trim()}`)
  console.log(text)
}
