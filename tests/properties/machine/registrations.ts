import assert from 'node:assert/strict'
import { jsonOf, soundAnswer } from '../invariants.ts'
import { documentClientId, documentEditions } from './document-host.ts'
import { type Fault, interleave, storeClient } from './faulty-store.ts'
import type { Step } from './script.ts'
import { instanceOf, type State, seconds } from './sign-in.ts'
import { registrationLimit } from './world.ts'

const hour = 3_600

const kinds: readonly { readonly redirectUri: string; readonly metadata?: object }[] = [
  { redirectUri: 'http://127.0.0.1/callback' },
  { redirectUri: 'https://claude.ai/api/mcp/auth_callback' },
  { redirectUri: 'https://app.example/callback?from=mcp' },
  { redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback' },
  { redirectUri: 'http://localhost:7777/', metadata: { grant_types: ['authorization_code'] } },
]

/** Registers one client for each of `faults`, concurrently and at alternating instances; or adds the published client. */
export async function registerStep(state: State, step: Extract<Step, { do: 'register' }>): Promise<void> {
  const kind = kinds[step.kind]
  if (!kind) {
    const [redirectUri = ''] = documentEditions[state.world.documentHost.edition]?.redirect_uris ?? []
    state.clients.push({ id: documentClientId, redirectUri, refreshes: true, confirms: false })
    return
  }
  const senders = step.faults.map(
    (fault, index) => (turn: () => Promise<void>) =>
      registerOne(state, kind, step.address, (step.at + index) % 2, turn, fault),
  )
  const outcomes = await interleave(step.order, senders)
  const registered = state.registered.get(windowOf(state, step.address)) ?? 0
  assert(registered <= registrationLimit, `${registered} registrations in an hour`)
  if (outcomes.includes(429)) assert((await mostCounted(state)) >= registrationLimit, 'refused below the limit')
}

/** Names the address and the hour. */
const windowOf = ({ world }: State, address: number) => `${address} ${Math.floor(seconds(world) / hour)}`

/** The count in the store for the address that has registered most in this hour. */
async function mostCounted({ world }: State): Promise<number> {
  const end = (Math.floor(seconds(world) / hour) + 1) * hour
  const { keys } = await world.truth.list(`limits/${end}/registrations/`, new AbortController().signal)
  const addresses = keys.map((key) => key.slice(0, key.lastIndexOf('/')))
  return Math.max(...addresses.map((address) => addresses.filter((other) => other === address).length), 0)
}

async function registerOne(
  state: State,
  { redirectUri, metadata }: NonNullable<(typeof kinds)[number]>,
  address: number,
  at: number,
  turn: () => Promise<void>,
  fault: Fault | undefined,
): Promise<number> {
  const { world, clients } = state
  const client = storeClient(turn, fault)
  const { server } = instanceOf(world, at)
  const answer = await soundAnswer(
    await world.faults.as(client, () =>
      server.fetchFrom(`198.51.100.${address}`, '/oauth/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'Test client', redirect_uris: [redirectUri], ...metadata }),
      }),
    ),
  )
  if (answer.status === 429) {
    assert.equal(Number(answer.headers.get('retry-after')), hour - (seconds(world) % hour))
    return 429
  }
  assert.equal(answer.status, 201, answer.text)
  // While the store fails, every registration is admitted.
  const window = windowOf(state, address)
  if (!client.disturbed) state.registered.set(window, (state.registered.get(window) ?? 0) + 1)
  clients.push({
    id: String(jsonOf(answer.text).client_id),
    redirectUri,
    refreshes: true,
    confirms: /^(?:https:\/\/app\.example|cursor:)/.test(redirectUri),
  })
  return 201
}
