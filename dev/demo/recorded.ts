import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import type { Scene } from './scene.ts'
import { check, step } from './step.ts'
import { feedback, lookup } from './tools.ts'

const calls = v.array(v.object({ query: v.unknown(), user: v.optional(v.unknown()) }))
const deliveries = v.array(
  v.object({
    body: v.looseObject({ type: v.optional(v.string()), email: v.unknown() }),
    id: v.nullable(v.string()),
    verified: v.nullable(v.boolean()),
    status: v.nullable(v.number()),
  }),
)
const delivery = v.object({
  sub: v.string(),
  emailVerified: v.boolean(),
  organization: v.object({ name: v.string() }),
  timestamp: v.string(),
})

const hubCalls = v.array(
  v.object({
    arguments: v.looseObject({}),
    user: v.optional(v.unknown()),
    headers: v.record(v.string(), v.string()),
  }),
)
const submissions = v.array(v.object({ body: v.record(v.string(), v.string()), status: v.nullable(v.number()) }))

interface SignedIn {
  readonly sub: string
  readonly question: string
}

/**
 * Shows what was recorded about the sign-in, and what the answer service, the hub and the form received.
 *
 * @param patience milliseconds to wait for work that happens after an answer
 * @throws StepFailed if something is missing, or is about another user
 */
export async function showRecorded(
  { place, recorder, person, listing }: Scene,
  { sub, question }: SignedIn,
  patience: number,
): Promise<void> {
  const { email, organization } = person
  const written = await step('Recording in the background', async () => {
    const connection = await eventually(patience, 'no connection was recorded', async () => {
      const operations = await recorder.background()
      return operations.find(({ key, method }) => method === 'PUT' && key.startsWith(`connections/${sub}/`))
    })
    listing.fact('Store operations', { 'in the background': (await recorder.background()).length })
    return connection
  })
  await step('The records in the store', async () => {
    const store = createBlobsStore({ name: written.store, client: place.blobs })
    const signal = AbortSignal.timeout(patience)
    const [user, connection] = await Promise.all([store.get(`users/${sub}`, signal), store.get(written.key, signal)])
    check(user !== null, 'the user is not in the store')
    check(connection !== null, 'the connection is not in the store')
    check(!JSON.stringify([user, connection]).includes(email), 'the store holds the email address in clear')
    listing.fact('User', { organization, id: sub, email: 'sealed' })
    listing.fact('Connection', { key: written.key })
  })
  await step('The CRM', async () => {
    const posted = await eventually(patience, 'the CRM received nothing', async () =>
      v
        .parse(deliveries, await getJson(`${place.crmUrl}__mock/received`))
        .find(({ body, status }) => body.email === email && status !== null),
    )
    check(posted.status === 200, `the CRM answered ${posted.status}`)
    check(posted.verified === true && posted.id !== null, 'the message has no signature that the CRM can verify')
    const body = v.parse(delivery, posted.body)
    check(body.sub === sub && body.organization.name === organization, 'the CRM was told about another user')
    listing.fact('CRM received', {
      email,
      verified: body.emailVerified,
      organization,
      at: body.timestamp,
      signed: 'yes',
    })
  })
  await step('What Kapa received', async () => {
    const received = v.parse(calls, await getJson(`${place.kapaUrl}__mock/calls`))
    const call = received.findLast(({ query }) => query === question)
    const expected = { email, company_name: organization }
    check(isDeepStrictEqual(call?.user, expected), `_meta.user was ${JSON.stringify(call?.user)}`)
    listing.fact('Kapa, as _meta.user', expected)
  })
  await step('What the API-reference hub received', async () => {
    const received = v.parse(hubCalls, await getJson(`${place.hubUrl}__mock/calls`))
    const call = received.findLast((call) => call.arguments.query === lookup.query)
    check(call !== undefined, 'the hub did not receive the search')
    const { user, headers } = call
    const isAnonymous = user === undefined && !headers.authorization && !JSON.stringify(call).includes(email)
    check(isAnonymous, 'the hub was told who asks')
    listing.fact('API-reference hub', { query: lookup.query, user: 'not told' })
  })
  await step('What the form received', async () => {
    const received = v.parse(submissions, await getJson(`${place.formsUrl}__mock/received`))
    const [sent, ...more] = received.filter(({ body }) => body['user-email'] === email)
    check(sent?.body.feedback === feedback && more.length === 0, `the form received ${JSON.stringify([sent, ...more])}`)
    listing.fact('Feedback form', { from: email, category: sent.body.category, feedback: `“${feedback}”` })
  })
}

/** Repeats `find` until it returns something: background work does not report its end. */
async function eventually<T>(patience: number, otherwise: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    check(performance.now() < deadline, otherwise)
    await delay(20)
  }
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  return response.json()
}
