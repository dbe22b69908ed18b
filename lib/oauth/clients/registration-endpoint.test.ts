import { describe, expect, test, vi } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { OAuthError } from '../errors.ts'
import { createSealing } from '../keys/sealing.ts'
import { createRegistrations } from './registration.ts'
import { type RegistrationOptions, register } from './registration-endpoint.ts'
import { createRegistrationSealer } from './sealed-registration.ts'

const registrations = createRegistrations({
  sealer: createRegistrationSealer(createSealing('https://docs.example', newSecrets())),
  policy: { scopes: docsScopes.all, privateUseUris: [] },
  now: () => 0,
})
const never = new AbortController().signal
const address = '203.0.113.7'
const value = 'r3gistration-token-of-32-or-more-characters'
const good = { redirect_uris: ['http://127.0.0.1/cb'] }

const allowing = (hits: number) => {
  const hit = vi.fn(async (_address: string, _signal: AbortSignal, _subject?: string) => {
    return hits-- > 0 ? { limited: false as const } : { limited: true as const, retryAfter: 1234 }
  })
  return { hit }
}

function ask(
  options: Omit<RegistrationOptions, 'registrations' | 'log'>,
  body: unknown = good,
  authorization?: string,
  more: Record<string, string> = {},
) {
  const request = new Request('https://docs.example/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }), ...more },
    body: JSON.stringify(body),
  })
  const call = { signal: never, address, waitUntil: () => undefined }
  return register(request, { registrations, log: recorded(), ...options }, call)
}

describe('too many registrations [R-12 O-11]', () => {
  test('429 with Retry-After and a JSON body that a script of any origin may read', async () => {
    const response = await ask({ limit: allowing(0) })
    expect(response.status).toBe(429)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '1234',
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
    })
    const body = await response.json()
    expect(body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) })
    expect(JSON.stringify(body)).not.toContain('client id')
  })

  test('counts by the address of the caller, and does not count refused registrations', async () => {
    const limit = allowing(1)
    await expect(ask({ limit }, { redirect_uris: ['javascript:alert(1)'] })).rejects.toThrow(OAuthError)
    await expect(ask({ limit }, 'no object')).rejects.toThrow(OAuthError)
    expect(limit.hit).not.toHaveBeenCalled()
    expect((await ask({ limit })).status).toBe(201)
    expect(limit.hit.mock.calls).toEqual([[address, never, undefined]])
  })

  test.each([
    ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, true],
    ['a page on http', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }, true],
    ['a page of a sibling site', { origin: 'https://other.docs.example', 'sec-fetch-site': 'same-site' }, true],
    ['a frame without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }, true],
    ['a page in a browser without Fetch Metadata', { origin: 'https://evil.example' }, true],
    ['a page on this computer', { origin: 'http://localhost:6274', 'sec-fetch-site': 'cross-site' }, true],
    ['a page of this server', { origin: 'https://docs.example', 'sec-fetch-site': 'same-origin' }, false],
    ['an app with a scheme of its own', { origin: 'tauri://localhost', 'sec-fetch-site': 'cross-site' }, false],
    ['an editor', { origin: 'vscode-file://vscode-app', 'sec-fetch-site': 'cross-site' }, false],
    ['a program', {}, false],
    ['a program that sends only Fetch Metadata', { 'sec-fetch-site': 'cross-site' }, false],
  ])(
    '%s: counted apart from the programs at that address, if it is a web page [R-12]',
    async (_what, headers, apart) => {
      const limit = allowing(1)
      expect((await ask({ limit }, good, undefined, headers)).status).toBe(201)
      expect(limit.hit.mock.calls).toEqual([[address, never, apart ? 'web pages' : undefined]])
    },
  )

  test('by all clients together: 429 before the address is counted; a registration that passes is counted after the answer', async () => {
    const counted: string[] = []
    const overallLimit = (limited: boolean) => ({
      known: () => (limited ? { limited, retryAfter: 99 } : { limited }),
      count: async (from: string) => void counted.push(from),
    })
    const limit = allowing(9)
    const refused = await ask({ limit, overallLimit: overallLimit(true) })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '99'])
    expect(limit.hit).not.toHaveBeenCalled()
    expect(counted).toEqual([])
    expect((await ask({ limit, overallLimit: overallLimit(false) })).status).toBe(201)
    expect(counted).toEqual([address])
    expect((await ask({ limit: allowing(0), overallLimit: overallLimit(false) })).status).toBe(429)
    expect(counted).toEqual([address])
  })
})

describe('with a registration token', () => {
  const closed = (hits = 100) => ({ initialAccessToken: { value, limit: allowing(hits) } })

  test.each([`Bearer ${value}`, `bearer  ${value}`])('%s registers', async (authorization) => {
    expect((await ask(closed(), good, authorization)).status).toBe(201)
  })

  test.each([undefined, '', 'Basic dTpw', `${value}`, 'Bearer'])(
    '%j: 401, and a challenge without an error',
    async (none) => {
      const options = closed()
      const response = await ask(options, good, none)
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="registration"'])
      expect(options.initialAccessToken.limit.hit).not.toHaveBeenCalled()
    },
  )

  test.each(['x', `${value}x`, value.slice(1), value.toUpperCase(), 'x'.repeat(9_999)])(
    'another token, %.50s: 401 invalid_token, whatever the body',
    async (other) => {
      for (const body of [good, 'no object']) {
        const response = await ask(closed(), body, `Bearer ${other}`)
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer realm="registration", error="invalid_token"')
        expect(await response.json()).toMatchObject({ error: 'invalid_token' })
      }
    },
  )

  test('a caller that has guessed too often gets 429, even with the right token [O-11]', async () => {
    const options = closed(2)
    expect((await ask(options, good, 'Bearer 1')).status).toBe(401)
    expect((await ask(options, good, 'Bearer 2')).status).toBe(401)
    const [wrong, right] = [await ask(options, good, 'Bearer 3'), await ask(options, good, `Bearer ${value}`)]
    expect([wrong.status, right.status]).toEqual([429, 429])
    expect(await wrong.text()).toBe(await right.text())
  })

  test('guesses by web pages are counted separately, so a page cannot lock out programs at the addresses of its visitors [O-11]', async () => {
    const options = closed()
    await ask(options, good, 'Bearer 1', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
    await ask(options, good, 'Bearer 1')
    expect(options.initialAccessToken.limit.hit.mock.calls).toEqual([
      [address, never, 'web pages'],
      [address, never, undefined],
    ])
  })

  test('the limit of registrations counts beside it', async () => {
    const response = await ask({ ...closed(), limit: allowing(0) }, good, `Bearer ${value}`)
    expect(response.status).toBe(429)
  })
})

describe('a registration of npm run doctor [N33]', () => {
  const mark = { 'user-agent': 'mcp-doctor/1' }
  const asDoctor = (options: Omit<RegistrationOptions, 'registrations' | 'log'>) => ask(options, good, undefined, mark)

  test('is counted apart: it uses up nothing of the limits of users', async () => {
    const [limit, doctors] = [allowing(0), allowing(1)]
    const overallLimit = {
      known: () => ({ limited: true as const, retryAfter: 1 }),
      count: vi.fn(async () => undefined),
    }
    expect((await asDoctor({ limit, doctors, overallLimit })).status).toBe(201)
    expect([limit.hit.mock.calls.length, overallLimit.count.mock.calls.length]).toEqual([0, 0])
    const users = allowing(1)
    expect((await ask({ limit: users, doctors })).status).toBe(201)
    expect(doctors.hit).toHaveBeenCalledTimes(1)
  })

  test('is limited like any other, so that the mark is worth nothing to a stranger', async () => {
    const doctors = allowing(2)
    const answers = [await asDoctor({ doctors }), await asDoctor({ doctors }), await asDoctor({ doctors })]
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 429])
  })

  test('needs the token of the operator where registration needs one', async () => {
    const initialAccessToken = { value, limit: allowing(9) }
    expect((await asDoctor({ doctors: allowing(9), initialAccessToken })).status).toBe(401)
  })

  test('is marked in the log', async () => {
    const events: object[] = []
    const request = new Request('https://docs.example/oauth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...mark },
      body: JSON.stringify(good),
    })
    const log = recorded((event, fields = {}) => events.push({ event, ...fields }))
    await register(request, { registrations, log }, { signal: never, address, waitUntil: () => undefined })
    expect(events).toEqual([expect.objectContaining({ event: 'client_registered', doctor: true })])
  })
})
