import { expect, vi } from 'vitest'
import { send } from '../support/send.ts'
import type { Stack } from '../support/stack.ts'

/** What drills share: how an operator looks at the service, in the log and at `/health/ready`. */

/** Milliseconds for what comes by itself. Only a drill that fails waits that long. */
export const patience = 60_000

/** The value of `error` on a line about a store that gave no clear answer. */
export const storeUnavailable: unknown = expect.stringContaining('StoreUnavailable')

/** A line of the function log. */
type Line = Readonly<Record<string, unknown>>

/** Reads the log from now on, as an operator would. */
export function watchLog(lines: readonly string[]) {
  const from = lines.length
  const of = (event: string): readonly Line[] =>
    lines
      .slice(from)
      .flatMap(lineOf)
      .filter((line) => line.event === event)
  return {
    /** The lines of an event. */
    of,
    /** Waits until the log has a line of this event with these fields. */
    has: (event: string, fields: Line = {}) =>
      vi.waitFor(() => expect(of(event)).toContainEqual(expect.objectContaining({ event, ...fields })), patience),
  }
}

function lineOf(text: string): Line[] {
  if (!text.startsWith('{')) return []
  const line: unknown = JSON.parse(text)
  return typeof line === 'object' && line !== null ? [{ ...line }] : []
}

/**
 * Waits until `/health/ready` of every host answers like this. An answer may be ten seconds old, so that a host may take that long to
 * notice.
 */
export async function becomes(stack: Stack, expected: 'ready' | 'store_unavailable' | 'store_not_conditional') {
  const wanted = expected === 'ready' ? { status: 'ready' } : { status: 'not ready', reason: expected }
  await vi.waitFor(
    async () => {
      // Each request has a connection of its own, and the hosts take turns.
      for (const _host of stack.hosts()) {
        const answer = await send(`${stack.url}/health/ready`)
        expect([answer.status, await answer.json()]).toEqual([expected === 'ready' ? 200 : 503, wanted])
      }
    },
    { timeout: patience, interval: 250 },
  )
}

/** Calls `/mcp` once at every host. @returns the statuses */
export async function readAtEveryHost(stack: Stack, accessToken: string): Promise<number[]> {
  const statuses: number[] = []
  for (const _host of stack.hosts()) {
    const answer = await send(stack.mcpUrl, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    statuses.push(answer.status)
  }
  return statuses
}

/** Repeats a request while it is answered 503, as clients do. */
export async function untilAnswered<T extends { readonly status: number; readonly headers: Headers }>(
  request: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const answer = await request()
    if (answer.status !== 503) return answer
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Expects an answer that tells a client to come back: 503 with `Retry-After`. */
export function expectComeBack({ status, headers }: { readonly status: number; readonly headers: Headers }): void {
  expect(status).toBe(503)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
}

/** Ends every host as a crash would, and starts another in its place: what a new deploy does to memory. */
export async function restartEveryHost(stack: Stack): Promise<void> {
  for (const index of stack.hosts().keys()) {
    await stack.hosts()[index]?.kill()
    await stack.restartHost(index)
  }
}
