import { defined } from '../../base/defined.ts'
import { knownClient } from './clients.ts'
import { type Problem, problems } from './problems.ts'
import type { AttemptStep, ClientOfStep, Patience } from './step.ts'
import { isEnd, problemOf } from './verdict.ts'
import { wordsFor } from './words.ts'

/** One step as a sentence. */
export interface ToldStep extends AttemptStep {
  readonly text: string
}

/** The client of an attempt. What it calls itself is a claim of the client's own: show it as text, marked as not verified. */
export interface ClientOfAttempt extends ClientOfStep {
  /** base64url SHA-256 of the client_id. */
  readonly hash?: string | undefined
  /** The usual name of the client, such as `Claude Code`, by the name that it gives itself. */
  readonly title: string
  /** The page about it, from the root of the repository. */
  readonly page: string
}

/**
 * What became of one attempt to connect a client, in plain words.
 * - `open`: it may still go on.
 * - `connected`: the client calls `/mcp`. Some of its calls may be refused; then `problem` says why.
 * - `stopped`: it did not get that far.
 * - `ended`: it was connected, and is no longer.
 */
export interface AttemptStory {
  readonly code: string
  readonly state: 'open' | 'connected' | 'stopped' | 'ended'
  readonly client: ClientOfAttempt
  /** In the order in which they happened. */
  readonly steps: readonly ToldStep[]
  /** Where the attempt stands, and why it stopped, in one or two sentences. */
  readonly conclusion: string
  /** Why it stopped, as one word. Absent unless it stopped, or ended for a reason. */
  readonly problem?: Problem
  /** What to do. `page` says more. */
  readonly remedy?: { readonly text: string; readonly page: string }
}

/**
 * Tells the story of an attempt. A pure function.
 *
 * @param steps in any order, at least one
 * @param now milliseconds since the epoch
 */
export function tellStory(
  code: string,
  steps: readonly AttemptStep[],
  { now, patience }: { readonly now: number; readonly patience: Patience },
): AttemptStory {
  const ordered = steps.toSorted((a, b) => a.at - b.at || rankOf(a) - rankOf(b))
  const facts: ClientOfStep = Object.assign({}, ...ordered.map(({ client }) => defined(client ?? {})))
  const known = knownClient(facts)
  const hash = ordered.findLast(({ clientHash }) => clientHash !== undefined)?.clientHash
  const called = ordered.some(({ step }) => step === 'first-call')
  const verdict = problemOf(ordered, { now, patience })
  const problem = verdict === 'open' || verdict === 'fine' ? undefined : verdict
  const state = problem === undefined ? stateWithoutProblem(verdict, ordered) : stateWith(problem, called)
  return {
    code,
    state,
    client: { ...facts, hash, title: known.title, page: known.page },
    steps: ordered.map((step) => ({ ...step, text: wordsFor(step, facts) })),
    conclusion: problem === undefined ? conclusions[state] : problems[problem].happened,
    ...(problem && {
      problem,
      remedy: { text: known.remedies[problem] ?? problems[problem].remedy, page: known.page },
    }),
  }
}

const conclusions = {
  open: 'The attempt is under way.',
  connected: 'The client is connected, and calls `/mcp`.',
  ended: 'The connection was ended by the client.',
  stopped: '',
} as const

/** A client that has called stays connected unless the problem ends the connection. */
function stateWith(problem: Problem, called: boolean): 'connected' | 'stopped' | 'ended' {
  if (!called) return 'stopped'
  return isEnd(problem) ? 'ended' : 'connected'
}

function stateWithoutProblem(verdict: string, steps: readonly AttemptStep[]): 'open' | 'connected' | 'ended' {
  if (verdict === 'open') return 'open'
  return steps.at(-1)?.step === 'revocation' ? 'ended' : 'connected'
}

/** Steps of one request may have the same time. */
const order = ['request', 'document', 'consent', 'approved', 'provider', 'callback', 'confirmation', 'code', 'token']
const rankOf = ({ step }: AttemptStep) => (order.includes(step) ? order.indexOf(step) : order.length)

/** The whole story as lines of text, for a terminal. */
export function textOf({ code, client, steps, conclusion, remedy }: AttemptStory): string {
  const time = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return [
    `Sign-in ${code}, ${client.title}`,
    '',
    ...steps.map(({ at, text }) => `${time(at)}  ${text}`),
    '',
    conclusion,
    ...(remedy ? [`Remedy: ${remedy.text} (${remedy.page})`] : []),
  ].join('\n')
}
