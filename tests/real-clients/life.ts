import { randomUUID } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import type { World } from '../../dev/start/world.ts'
import type { ToolArguments } from '../clients/tool-answer.ts'
import { type Evidence, eventually } from './evidence.ts'
import type { Person } from './person.ts'
import { type ClientStep, clientSteps, type RealClient, type RealClientKind, toolName } from './real-client.ts'
import type { Cell } from './table.ts'

/** The life of one client in parts. All clients finish a part before the next begins. No part throws. */
export interface Life {
  readonly name: string
  /** From the first request to the first answer. */
  begin(): Promise<void>
  /** Calls every other tool, and one that needs more scopes. */
  useTools(): Promise<void>
  /** Continues after the access token has expired. */
  goOn(): Promise<void>
  /** Ends the session, by the client itself or with its refresh token. */
  end(): Promise<void>
  /** Continues when no instance has the session in its cache. */
  beginAgain(): Promise<void>
  close(): Promise<void>
  cells(): readonly Cell[]
  /** The output of the client. */
  output(): string
}

/** The number of concurrent requests. */
const racers = 3

export function createLife(
  { name, without = {}, refreshesByItself = false }: RealClientKind,
  surroundings: {
    readonly client: RealClient
    readonly person: Person
    readonly world: World
    readonly mcpUrl: string
    readonly evidence: Evidence
  },
): Life {
  const { client, person, world, mcpUrl, evidence } = surroundings
  const cells = new Map<ClientStep, Cell>()

  const set = (step: ClientStep, outcome: Cell['outcome'], milliseconds: number, reason?: string) =>
    cells.set(step, { client: name, step, outcome, milliseconds, ...(reason !== undefined && { reason }) })

  /** Runs some steps. A failure fails the first step that is still open, and the later ones are not reached. */
  async function part(steps: readonly ClientStep[], work: () => Promise<void>): Promise<void> {
    const open = () => steps.filter((step) => !cells.has(step))
    for (const step of open()) if (without[step] !== undefined) set(step, 'not applicable', 0, without[step])
    const failed = [...cells.values()].find((cell) => cell.outcome === 'failed')
    try {
      if (failed) throw new Error(`not reached: ${failed.step} failed`)
      await work()
      if (open().length > 0) throw new Error('the step did not run, for an unknown reason')
    } catch (error) {
      const [first, ...others] = open()
      if (first) set(first, 'failed', 0, firstLine(error))
      for (const step of others) set(step, 'failed', 0, `not reached: ${first} failed`)
    }
  }

  async function timed(step: ClientStep, work: () => Promise<unknown>): Promise<void> {
    const began = performance.now()
    await work()
    set(step, 'ok', performance.now() - began)
  }

  const newQuestion = () => `Where are the records of people kept? ${randomUUID()}`

  async function ask(): Promise<void> {
    const question = newQuestion()
    checkAnswer(question, await client.use(toolName, { question }))
  }

  async function usesTool(tool: string, args: ToolArguments, expected: RegExp): Promise<string> {
    const answer = (await client.use(tool, args)).join('\n')
    const [found] = expected.exec(answer) ?? []
    if (found === undefined) throw new Error(`${tool} answered something else`)
    return found
  }

  async function readEverything(): Promise<void> {
    await usesTool('list_api_reference_pages', {}, /Admin API/)
    const search = { query: 'decommission a broker', api: 'admin' }
    const page = await usesTool('search_api_reference', search, /http[^\s"\\]+\/admin\/operation\/[\w-]+/)
    await usesTool('get_api_reference_content', { urls: [page] }, /Moves every partition/)
    await usesTool('auth_status', {}, /"?signed_in\W+true/)
    await usesTool('whoami', {}, new RegExp(person.email))
  }

  /** Sends feedback, for which the client must request another scope and the user must approve it. */
  async function sendFeedback(): Promise<void> {
    const feedback = `This page helped. ${randomUUID()}`
    await usesTool('submit_documentation_feedback', { feedback }, /submitted/)
    const sent = world.forms.submissions().find(({ body }) => body.feedback === feedback)
    if (sent?.body['user-email'] !== person.email) throw new Error('the feedback has not arrived under their address')
    if (person.requests.at(-1)?.searchParams.get('scope')?.includes('docs:feedback') !== true) {
      throw new Error('the client did not request another scope')
    }
  }

  async function askAtOnce(together: NonNullable<RealClient['askAtOnce']>): Promise<void> {
    const questions = Array.from({ length: racers }, newQuestion)
    const answers = await together(questions)
    for (const [index, question] of questions.entries()) checkAnswer(question, answers[index] ?? [])
  }

  /** Checks that the answer service got the question for this user, and that the answer is its result. */
  function checkAnswer(question: string, answer: readonly string[]): void {
    const call = world.kapa.calls().find(({ query }) => query === question)
    if (!call) throw new Error('the question has not reached the answer service')
    if (JSON.stringify(call.user).includes(person.email) === false)
      throw new Error('the answer service got the question for another user')
    if (!answer.some((text) => text.includes('/documents/'))) throw new Error('the answer cites no documentation')
  }

  const refreshes = () => count('refresh_rotated', 'refresh_repeated')
  /** The number of refreshes when the client had used every tool. */
  let refreshesOfTools = 0

  const clientId = () => person.requests.at(-1)?.searchParams.get('client_id') ?? ''
  const count = (...names: string[]) => evidence.of(clientId()).filter(({ event }) => names.includes(event)).length
  const times = (name: string) => evidence.of(clientId()).flatMap(({ event, at }) => (event === name ? [at] : []))

  function checkRequest(url: URL | undefined): void {
    if (!url) throw new Error('the person was sent nowhere')
    const given = [
      url.origin + url.pathname,
      ...['resource', 'code_challenge_method'].map((one) => url.searchParams.get(one)),
    ]
    const expected = [`${world.url}/oauth/authorize`, mcpUrl, 'S256']
    if (given.join() !== expected.join()) throw new Error(`it asks for ${given.join(', ')}`)
  }

  return {
    name,

    begin: () =>
      part(['discovery', 'registration', 'sign-in', 'tool call'], async () => {
        const began = performance.now()
        const connected = client.signIn()
        await Promise.race([connected, eventually('the authorization request', () => person.requests[0])])
        const asked = performance.now()
        checkRequest(person.requests[0])
        const known = await eventually(
          'its way to get a client_id',
          () => [...times('client_registered'), ...times('client_document_asked')][0],
        )
        // The log line follows shortly after the answer.
        const registered = Math.min(known, asked)
        set('discovery', 'ok', registered - began)
        set('registration', 'ok', asked - registered)
        await connected
        await eventually('the redeemed code', () => times('code_redeemed')[0])
        set('sign-in', 'ok', performance.now() - asked)
        await timed('tool call', ask)
      }),

    useTools: () =>
      part(['other tools', 'more scopes'], async () => {
        await timed('other tools', readEverything)
        if (without['more scopes'] === undefined) await timed('more scopes', sendFeedback)
        refreshesOfTools = refreshes()
      }),

    goOn: () =>
      part(['expired token', 'parallel refresh'], async () => {
        const before = refreshesByItself ? refreshesOfTools : refreshes()
        const together = client.askAtOnce?.bind(client)
        const began = performance.now()
        await (together ? askAtOnce(together) : ask())
        const milliseconds = performance.now() - began
        await eventually('a refresh', () => refreshes() > before || undefined)
        set('expired token', 'ok', milliseconds)
        if (!together) return
        await ask()
        if (count('refresh_reused', 'grant_revoked') > 0) throw new Error('the session was ended')
        set('parallel refresh', 'ok', milliseconds)
      }),

    end: () =>
      part(['sign-out'], async () => {
        const began = performance.now()
        const { signOut, refreshToken } = client
        if (signOut) await signOut.call(client)
        else if (refreshToken) await revoke(await refreshToken.call(client))
        await eventually('the end of the session', () => count('grant_revoked') > 0 || undefined)
        if (signOut) set('sign-out', 'ok', performance.now() - began)
      }),

    beginAgain: () =>
      part(['signed in again'], async () => {
        const requests = person.requests.length
        await timed('signed in again', ask)
        if (person.requests.length === requests) throw new Error('the ended session still works')
        checkRequest(person.requests.at(-1))
      }),

    async close() {
      // A client that does not stop ends with this process.
      await client.close().catch(() => {})
      await person.leaves()
    },
    output: () => [client.output(), ...person.problems].join('\n'),
    cells: () => clientSteps.flatMap((step) => cells.get(step) ?? []),
  }

  async function revoke(token: string): Promise<void> {
    const body = new URLSearchParams({ token, client_id: clientId() })
    const { status } = await fetch(`${world.url}/oauth/revoke`, { method: 'POST', body })
    if (status !== 200) throw new Error(`the revocation was answered ${status}`)
  }
}

/** The first line of an error. Errors of browsers have many lines. */
function firstLine(error: unknown): string {
  const [line = ''] = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).split('\n')
  return line
}
