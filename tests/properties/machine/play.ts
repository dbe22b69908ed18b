import assert from 'node:assert/strict'
import { askWithBearer } from '../mcp-endpoint.ts'
import { judgeCopies } from './documents.ts'
import { type Event, judge, look } from './model.ts'
import { registerStep } from './registrations.ts'
import { documentKind, type Script, type Step, type TokenRequest } from './script.ts'
import {
  authorizeStep,
  callbackStep,
  confirmStep,
  instanceOf,
  pick,
  pressStep,
  type State,
  seconds,
} from './sign-in.ts'
import { expectNoDifference, sights, steal } from './thief.ts'
import { sendAll } from './tokens.ts'
import { createWorld, payload } from './world.ts'

/** Plays a script in a new world, and throws `AssertionError` at the first step after which a state is not allowed. */
export async function play({ steps, ...circumstances }: Script): Promise<void> {
  const state: State = {
    world: await createWorld(circumstances),
    clients: [],
    pages: [],
    transactions: [],
    grants: [],
    thieves: [],
    known: new Map(),
    registered: new Map(),
    landed: false,
  }
  for (const [index, step] of steps.entries()) {
    try {
      await take(step, state)
    } catch (error) {
      if (error instanceof Error) error.message = `step ${index + 1}: ${error.message}`
      throw error
    }
  }
  await everybodyAsks(state)
  await everybodyRefreshes(state)
  await everybodyComesBack(state)
  const { keys } = await state.world.truth.list('grants/', new AbortController().signal)
  const known = new Set(state.grants.map(({ key }) => key))
  assert.deepEqual(
    keys.filter((key) => !known.has(key)),
    [],
    'a grant that no request asked for',
  )
  await expectOneSigningKey(state)
}

/** Checks that one published key signed all tokens, even if several instances created keys at once or the store failed. */
async function expectOneSigningKey({ world: { instances, signedWith } }: State): Promise<void> {
  assert(signedWith.size <= 1, 'several signing keys')
  for (const { server } of instances) {
    const jwks = await (await server.fetch('/.well-known/jwks.json')).text()
    for (const kid of signedWith) assert(jwks.includes(`"${kid}"`), 'signed with a key that is not published')
  }
}

async function take(step: Step, state: State): Promise<void> {
  const { world } = state
  let events: readonly Event[] = []
  let landing = false
  const seen = await sights(state)
  const endedBefore = ended(state)
  switch (step.do) {
    case 'sign in':
      await signIn(step, state)
      break
    case 'register':
      await registerStep(state, step)
      break
    case 'authorize':
      await authorizeStep(state, step)
      break
    case 'press':
      await pressStep(state, step)
      break
    case 'callback':
      await callbackStep(state, step)
      break
    case 'confirm':
      await confirmStep(state, step)
      break
    case 'tokens':
      events = await sendAll(step.requests, step.order, state)
      break
    case 'steal': {
      const grant = pick(state.grants, step.grant)
      const thief = grant && steal(grant)
      if (thief && state.thieves.length < 2) state.thieves.push(thief)
      break
    }
    case 'wait':
      world.wait(step.seconds)
      break
    case 'late write lands':
      landing = await world.faults.land()
      state.landed ||= landing
      break
    case 'document host':
      world.documentHost.condition = step.condition
      world.documentHost.edition = step.edition
      break
    case 'store moves':
      await moveStore(state)
  }
  for (const grant of state.grants) {
    const concerned = events.filter((event) => event.grant === grant)
    await judge(grant, concerned, world, landing)
  }
  await judgeCopies(state)
  // A thief may see that time has passed, and that a grant has begun or ended, but not that the owner has refreshed.
  const refreshedOnly = step.do === 'tokens' && events.every(({ kind }) => kind === 'refresh')
  if (refreshedOnly && ended(state) === endedBefore) expectNoDifference(seen, await sights(state))
}

const ended = ({ grants }: State) => grants.filter(({ held }) => held?.record.revokedAt !== undefined).length

/** Signs in without errors or detours. */
async function signIn({ client, browser, until, at }: Extract<Step, { do: 'sign in' }>, state: State): Promise<void> {
  if (state.clients.length === 0)
    await registerStep(state, { do: 'register', kind: client, address: 2, at, faults: [undefined], order: [] })
  const [pages, transactions] = [state.pages.length, state.transactions.length]
  await authorizeStep(state, {
    do: 'authorize',
    client,
    browser,
    scope: 'docs:read docs:feedback',
    at,
    fault: undefined,
  })
  if (state.pages.length === pages || until === 'consent') return
  await pressStep(state, { do: 'press', button: 'approve', page: 0, browser: 'own', at })
  if (state.transactions.length === transactions || until === 'login') return
  await callbackStep(state, { do: 'callback', upstream: 'fine', transaction: 0, browser: 'own', at })
  if (state.transactions.at(-1)?.phase !== 'confirmation' || until === 'confirmation') return
  await confirmStep(state, { do: 'confirm', button: 'confirm', transaction: 0, browser: 'own', at })
}

async function moveStore({ world, grants }: State): Promise<void> {
  for (const grant of grants) {
    const held = await look(grant, world)
    if (held) await world.truth.put(grant.key, held.record, new AbortController().signal)
    grant.held = await look(grant, world)
    grant.settled.clear()
  }
}

/** Checks that the MCP endpoint of an instance without a cache accepts the tokens of active grants, and no others. */
async function everybodyAsks({ world, grants }: State): Promise<void> {
  const { server } = instanceOf(world, 0)
  for (const { accessTokens, held } of grants) {
    const token = accessTokens.at(-1)
    if (token === undefined || Number(payload(token).exp) <= seconds(world)) continue
    const { status } = await askWithBearer(server, token)
    assert.equal(status, held?.record.revokedAt === undefined ? 200 : 401, 'the MCP endpoint')
  }
}

/** Checks that every client with a valid refresh token can refresh after the last fault. */
async function everybodyRefreshes(state: State): Promise<void> {
  const requests = state.grants.map((_, index): TokenRequest => {
    const grant = state.grants.length - 1 - index
    return { kind: 'refresh', grant, age: 0, wrong: 'nothing', narrow: false, at: 1, again: 1, fault: undefined }
  })
  for (const request of requests) await take({ do: 'tokens', requests: [request], order: [] }, state)
}

/** Checks that every client can register and every user gets a consent page after all faults and limits have ended. */
async function everybodyComesBack(state: State): Promise<void> {
  const { world, pages, clients } = state
  Object.assign(world.documentHost, { condition: 'up', edition: 0 })
  world.wait(3_600)
  const register = { do: 'register', faults: [undefined], order: [] } as const
  for (const [index] of world.instances.entries()) {
    for (const kind of [0, documentKind]) {
      const [before, known] = [pages.length, clients.length]
      await registerStep(state, { ...register, kind, address: index, at: index })
      assert.equal(clients.length, known + 1, 'the client cannot register')
      const at = index
      await authorizeStep(state, {
        do: 'authorize',
        client: 0,
        browser: index,
        scope: 'docs:read',
        at,
        fault: undefined,
      })
      assert.equal(pages.length, before + 1, 'no consent page')
    }
  }
}
