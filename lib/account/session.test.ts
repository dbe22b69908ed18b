import { expect, test } from 'vitest'
import { newSecrets } from '../../dev/worlds/authorization-server.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { type AdminEntry, isAdmin, mayUseAdminTools, organizationLasts, parseAdmin } from './admins.ts'
import { createSessionForms } from './forms.ts'
import { createSessions, type Session, sessionLifetimes, signedInRecently } from './session.ts'

const origin = 'https://account.docs.example'
const start = {
  sub: 'u_ada',
  person: { email: 'Ada@docs.example', emailVerified: true, organizationId: 'org_1', organizationName: 'org_2' },
  provider: 'https://login.example/',
}

function world(at = origin) {
  const clock = { now: Date.UTC(2026, 10, 30) }
  const sealing = createSealing('https://docs.example', newSecrets())
  const sessions = createSessions({ origin: at, sealing, now: () => clock.now })
  /** The session of a browser that has this cookie. */
  const read = (cookie: string) => {
    const [pair = ''] = cookie.split(';')
    keepSecret(pair.split('=')[1])
    return sessions.read(new Request(at, { headers: { cookie: pair } }))
  }
  const begin = (more: object = {}): Session => {
    const session = read(sessions.start({ ...start, ...more }))
    if (session === null) throw new Error('no session')
    return session
  }
  return { clock, sealing, sessions, read, begin }
}

test('a session is in a cookie that scripts cannot read, other hosts cannot set, and other sites’ forms do not send', () => {
  const { sessions } = world()
  expect(sessions.start(start)).toMatch(
    /^__Host-session=[^;]+; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  expect(sessions.end()).toMatch(/^__Host-session=; Max-Age=0; /)
  expect(world('http://localhost:8888').sessions.start(start)).toMatch(/^session=/)
})

test('a session ends after eight hours, and its time as an admin after one, whatever its person does [N5]', () => {
  const { clock, sessions, read, begin } = world()
  const cookie = sessions.start(start)
  const session = begin()
  const admins = [{ who: { email: 'ada@docs.example' } }]
  clock.now += 3_599_000
  expect(isAdmin(session, admins, clock.now)).toBe(true)
  clock.now += 1000
  expect(isAdmin(session, admins, clock.now)).toBe(false)
  clock.now += 7 * 3_600_000 - 1000
  expect(read(cookie)?.sub).toBe('u_ada')
  clock.now += 1000
  expect(read(cookie)).toBeNull()
})

test('a value of another purpose, of another origin’s secret, or twice in the header is no session', () => {
  const { sessions, read } = world()
  const [pair = ''] = sessions.start(start).split(';')
  const twice = new Request(origin, { headers: { cookie: `${pair}; ${pair}` } })
  expect(sessions.read(twice)).toBeNull()
  expect(read(world().sessions.start(start))).toBeNull()
  expect(read('__Host-session=x')).toBeNull()
})

test('a sign-in counts as recent for ten minutes, and one without a time never does', () => {
  const { clock, begin } = world()
  const seconds = clock.now / 1000
  expect(signedInRecently(begin({ signedInAt: seconds - sessionLifetimes.recent + 1 }), clock.now)).toBe(true)
  expect(signedInRecently(begin({ signedInAt: seconds - sessionLifetimes.recent }), clock.now)).toBe(false)
  expect(signedInRecently(begin(), clock.now)).toBe(false)
})

test('a form opens for its own session, person and action only [N21]', () => {
  const { sealing, begin } = world()
  const forms = createSessionForms(sealing)
  const session = begin()
  const sealed = forms.seal(session, 'end', 'grants/1')
  expect(forms.open(session, 'end', sealed)).toEqual({ subject: 'grants/1' })
  expect(forms.open(session, 'end-all', sealed)).toBeNull()
  expect(forms.open(begin(), 'end', sealed)).toBeNull()
  expect(forms.open({ ...session, sub: 'u_eve' }, 'end', sealed)).toBeNull()
  expect(forms.open(session, 'end', '')).toBeNull()
})

const entry = (text: string): AdminEntry => {
  const parsed = parseAdmin(text)
  if (parsed === null) throw new Error(`not an entry: ${text}`)
  return parsed
}

test.each([
  ['ada@docs.example', {}, true],
  ['ADA@DOCS.EXAMPLE', {}, true],
  ['https://login.example ada@docs.example', {}, true],
  ['https://other.example/ ada@docs.example', {}, false],
  ['ada@docs.example', { emailVerified: false }, false],
  ['ada@docs.example', { emailVerified: undefined }, false],
  // The Kelvin sign: `toLowerCase` makes a `k` of it.
  ['ak@docs.example', { email: 'a\u212a@docs.example' }, false],
  ['ada@docs.example', { email: undefined }, false],
  ['ada@docs.example', { email: 'ada@docs.example.evil.example' }, false],
  ['org:org_1', {}, true],
  ['org:ORG_1', {}, false],
  // The name of an organization is what its members call it.
  ['org:org_2', {}, false],
  ['https://other.example org:org_1', {}, false],
])('%s with %o: admin %s [N6]', (text, changes, expected) => {
  const { clock, begin } = world()
  const session = begin({ person: { ...start.person, ...changes } })
  expect(isAdmin(session, [entry(text)], clock.now)).toBe(expected)
  expect(isAdmin(session, [], clock.now)).toBe(false)
})

test.each([
  ['a verified address, however old', { email: 'ADA@docs.example', emailVerified: true }, 90 * 86_400, true],
  ['an address that is not verified', { email: 'ada@docs.example', emailVerified: false }, 0, false],
  ['an organization of today', { organizationId: 'org_1' }, organizationLasts - 1, true],
  ['an organization that was named a day ago', { organizationId: 'org_1' }, organizationLasts, false],
  ['the name of an organization', { organizationId: 'org_2', organizationName: 'org_1' }, 0, false],
  ['nothing', {}, 0, false],
])('the tools for admins are open to a person by %s: %o [N6 N8]', (_what, person, age, expected) => {
  expect(mayUseAdminTools(person, age, [entry('ada@docs.example'), entry('org:org_1')])).toBe(expected)
  expect(mayUseAdminTools(person, age, [])).toBe(false)
})
