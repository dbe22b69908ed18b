import { expect, test } from 'vitest'
import { newSecrets } from '../../dev/worlds/authorization-server.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import type { Fence } from '../oauth/grants/fence.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { defaultBrand } from '../pages/brand.ts'
import { isAdmin } from './admins.ts'
import { createSessionForms } from './forms.ts'
import { type AccountRoute, createAccountRouter } from './router.ts'
import { createSessions } from './session.ts'

const origin = 'https://account.docs.example'
const text = (answer: string) => new Response(answer)

/** A router with these routes, and a browser in which an admin has signed in. */
function world(routes: readonly AccountRoute[]) {
  const test = { now: Date.UTC(2026, 10, 30), fence: null as Fence | null }
  const now = () => test.now
  const sealing = createSealing('https://docs.example', newSecrets())
  const sessions = createSessions({ origin, sealing, now })
  const person = { email: 'ada@docs.example', emailVerified: true }
  const [cookie = ''] = sessions
    .start({ sub: 'u_ada', person, provider: 'https://login.example/', signedInAt: test.now / 1000 })
    .split(';')
  keepSecret(cookie.split('=')[1])
  const router = createAccountRouter({
    origin,
    brand: defaultBrand,
    sessions,
    forms: createSessionForms(sealing),
    isAdmin: (session) => isAdmin(session, [{ who: { email: 'ada@docs.example' } }], test.now),
    fence: async () => test.fence,
    routes,
    open: [],
    now,
    log: recorded(() => {}),
  })
  async function send(path: string, init: RequestInit = {}) {
    const headers = { cookie, 'sec-fetch-dest': 'document', 'sec-fetch-site': 'same-origin', ...init.headers }
    const call = { signal: AbortSignal.timeout(8000), requestId: 'r', waitUntil: () => {} }
    const response = await router.fetch(new Request(origin + path, { ...init, headers }), call)
    const body = await response.text()
    return { status: response.status, body: /<h1[^>]*>([^<]*)/.exec(body)?.[1] ?? body, headers: response.headers }
  }
  return Object.assign(test, { send })
}

test('the most precise route answers, and learns what stands in place of its star', async () => {
  const { send } = world([
    { path: '/admin/*', access: 'admin', get: ({ rest }) => text(`any ${rest}`) },
    { path: '/admin/people/*', access: 'admin', get: ({ rest }) => text(`person ${rest}`) },
    { path: '/admin', access: 'admin', get: () => text('overview') },
  ])
  for (const [path, answer] of [
    ['/admin', 'overview'],
    ['/admin/', 'overview'],
    ['/admin/people/u_1', 'person u_1'],
    ['/admin/clients', 'any clients'],
    ['/account', 'There is no such page'],
  ] as const) {
    expect([path, (await send(path)).body]).toEqual([path, answer])
  }
})

test('only the methods of a route answer, and only to a navigation', async () => {
  const { send } = world([{ path: '/account', access: 'person', get: () => text('page') }])
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const answer = await send('/account', { method })
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET'])
  }
  expect((await send('/account', { headers: { 'sec-fetch-dest': 'empty' } })).status).toBe(403)
})

test('an admin who signed in more than an hour ago signs in again, and a person off the list is refused [N5 N6]', async () => {
  const it = world([{ path: '/admin', access: 'admin', get: () => text('overview') }])
  it.now += 3_599_000
  expect((await it.send('/admin')).body).toBe('overview')
  it.now += 1000
  expect((await it.send('/admin')).body).toBe('Sign in again')
})

test.each([
  ['at the time of the session', { at: Date.UTC(2026, 10, 30), reason: 'r', forgetting: false }, 'Your account'],
  ['later', { at: Date.UTC(2026, 10, 30) + 60_000, reason: 'r', forgetting: false }, 'Your account'],
  ['long before', { at: Date.UTC(2026, 10, 29), reason: 'r', forgetting: false }, 'page'],
  [
    'long before, while the person is forgotten',
    { at: 0, reason: 'r', forgetting: true },
    'Your data is being deleted',
  ],
])('a fence %s decides whether a session counts [N2]', async (_, fence, answer) => {
  const it = world([{ path: '/account', access: 'person', get: () => text('page') }])
  it.fence = fence
  expect((await it.send('/account')).body).toBe(answer)
})

test('a bug in a page shows an error page that reveals nothing', async () => {
  const { send } = world([
    {
      path: '/account',
      access: 'person',
      get: () => {
        throw new Error('secret detail')
      },
    },
  ])
  const answer = await send('/account')
  expect([answer.status, answer.body]).toEqual([500, 'Something went wrong'])
})
