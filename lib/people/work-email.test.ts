import { describe, expect, test } from 'vitest'
import { claims, createSigningKey, createTestEndpoint, resource, sign } from '../../dev/worlds/mcp-endpoint.ts'
import { ask, post, rpc } from '../../dev/worlds/mcp-requests.ts'
import { verifiedDomain } from '../base/mail-domain.ts'
import { workEmailRequired } from '../mcp/work-email-required.ts'
import disposableMailDomains from './disposable-mail-domains.json' with { type: 'json' }
import { freeMailDomains } from './free-mail-domains.ts'
import { workEmailProblem } from './work-email.ts'

const reasonFor = (email: string) => workEmailProblem({ email })?.reason

describe('a work address', () => {
  test.each([
    'ada@example.com',
    'ada@mail.corp.example.co.uk',
    'ada@notgmail.com',
    'ada@gmail.com.example.com',
    'ada+gmail.com@example.com',
    'ada@bücher.example',
    'ada@students.example.edu',
    // Domains on other lists of free providers that are also employers.
    ...['ada@facebook.com', 'ada@clerk.com', 'ada@easypost.com', 'ada@apple.com', 'ada@zohocorp.com'],
  ])('%s passes [F-000-21]', (email) => expect(workEmailProblem({ email })).toBeNull())

  test.each([
    'ada@gmail.com',
    'Ada@GMail.COM',
    ' ada@gmail.com ',
    'ada@gmail.com.',
    'ada+work@gmail.com',
    '"ada@example.com"@gmail.com',
    'ada@\uFF47mail\u3002com',
    'ada@yahoo.co.uk',
    'ada@outlook.de',
    'ada@proton.me',
    'ada@privaterelay.appleid.com',
    'someone@ada.mozmail.com',
    'ada@163.com',
    'ada@mail.ru',
  ])('%j is at a free provider [F-000-21]', (email) => expect(reasonFor(email)).toBe('free_provider'))

  test.each([
    'ada@mailinator.com',
    'ada@MAILINATOR.com.',
    'ada@any.thing.mailinator.com',
    'ada@yopmail.com',
    'ada@yahóo.com',
    'ada@xn--yaho-sqa.com',
  ])('%j is disposable [F-000-21]', (email) => expect(reasonFor(email)).toBe('disposable'))

  test.each(['', 'ada', '@gmail.com', 'ada@', 'ada@localhost', 'ada@[127.0.0.1]', 'ada@127.0.0.1', 'ada@0x7f.1'])(
    '%j is not an email address',
    (email) => expect(reasonFor(email)).toBe('no_email'),
  )

  test.each([
    'ada@gmail.com(x)',
    'Ada <ada@gmail.com>',
    'ada@gmail..com',
    'ada@gmail.com..',
    'ada@-gmail.com',
    'ada@a b.com',
  ])('%j is ambiguous, and counts as no email address', (email) => expect(reasonFor(email)).toBe('no_email'))

  test('need not be verified, because company sign-ins often are not; only plans need a verified address [F-000-72]', () => {
    const email = 'ada@example.com'
    expect(workEmailProblem({ email })).toBeNull()
    expect(workEmailProblem({})).toEqual({ reason: 'no_email' })
    expect(verifiedDomain({ email, emailVerified: true })).toBe('example.com')
    expect(verifiedDomain({ email, emailVerified: false })).toBeNull()
    expect(verifiedDomain({ email })).toBeNull()
  })

  test('is compared with several hundred free and several thousand disposable providers', () => {
    const free = freeMailDomains()
    expect(free.length).toBeGreaterThan(400)
    expect(disposableMailDomains.length).toBeGreaterThan(8_000)
    expect(free.filter((domain, index) => free.indexOf(domain) !== index)).toEqual([])
    expect(free.filter((domain) => reasonFor(`ada@${domain}`) !== 'free_provider')).toEqual([])
  })
})

describe('the refusal', () => {
  test.each([
    ['free_provider', 'a provider that gives anyone a mailbox'],
    ['disposable', 'disposable addresses'],
    ['no_email', 'no readable address'],
  ] as const)(
    '%s: answers 403, says why and where to read more, and asks for no other token [F-000-21]',
    async (reason, why) => {
      const response = workEmailRequired({ documentationUrl: 'https://docs.example.com/connect' }, { reason })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([403, null])
      expect(await response.json()).toEqual({
        error: 'work_email_required',
        reason,
        message: expect.stringContaining(why),
        docs_url: 'https://docs.example.com/connect',
      })
    },
  )
})

describe('an endpoint that requires a work email address', async () => {
  const key = await createSigningKey('key-1')
  const answerTo = async (email: string, request: Request) => {
    const token = await sign(key, claims(Date.now(), { email }))
    request.headers.set('authorization', `Bearer ${token}`)
    const counted: string[] = []
    const hit = async (who: string) => {
      counted.push(who)
      return { limited: true, retryAfter: 60 } as const
    }
    const limit = { policy: 'test', limit: 60, windowSeconds: 900, hit }
    const options = { requireWorkEmail: true, limits: { user: () => limit, address: limit } }
    const { fetch, lines } = createTestEndpoint([key], { url: resource }, options)
    return { response: await fetch(request), lines, counted }
  }
  const by = (method: string) => () => new Request(resource, { method })
  const list = rpc('tools/list')

  test.each<[string, () => Request, status: number]>([
    ['GET', by('GET'), 405],
    ['GET of an event stream', () => new Request(resource, { headers: { accept: 'text/event-stream' } }), 405],
    ['HEAD', by('HEAD'), 405],
    ['DELETE', by('DELETE'), 405],
    ['PUT', by('PUT'), 405],
    ['POST of a list', () => post(list), 200],
    ['POST of nothing', () => post(''), 400],
    ['POST of a response', () => post('{"jsonrpc":"2.0","id":1,"result":{}}'), 202],
    ['POST of too much', () => post(list + ' '.repeat(64 * 1024)), 413],
    ['POST of 11 messages', () => post(`[${Array(11).fill(list)}]`), 400],
    ['POST that takes no form of answer', () => post(list, { accept: 'image/png' }), 406],
  ])('tells a user without a work address nothing in answer to %s [F-000-21]', async (_what, request, status) => {
    const refused = await answerTo('ada@gmail.com', request())
    expect([refused.response.status, refused.response.headers.get('www-authenticate')]).toEqual([403, null])
    expect(refused.response.headers.get('allow')).toBeNull()
    expect(refused.lines).toMatchObject([{ event: 'mcp_refused', reason: 'work_email' }])
    expect((await answerTo('ada@example.com', request())).response.status).toBe(status)
  })

  test('counts no refused call, so that it uses up nothing of the user’s limit [S-26 F-000-21]', async () => {
    const refused = await answerTo('ada@gmail.com', post(ask('What?')))
    expect([refused.response.status, refused.counted]).toEqual([403, []])
    const answered = await answerTo('ada@example.com', post(ask('What?')))
    expect([answered.response.status, answered.counted]).toEqual([429, ['user-1']])
  })
})
