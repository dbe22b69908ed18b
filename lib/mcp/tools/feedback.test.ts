import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FormsSite, startForms } from '../../../dev/forms/server.ts'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { post, resultOf, rpc } from '../../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createFeedbackForm } from '../../answers/feedback-form.ts'
import type { LogFields } from '../../base/log.ts'
import { submitFeedback } from './feedback.ts'

const now = Date.now()
const mcp = mcpForTests(now)
let forms: FormsSite
let token: string

beforeAll(async () => {
  forms = await startForms({ port: 0 })
  token = await mcp.sign({ email: 'Ada@Example.ORG' })
})
afterAll(() => forms.stop())
beforeEach(() => forms.reset())

const text = 'The page on topics says nothing about compaction: größe & <b>=1'

function world({ timeout = 5_000, url = forms.url }: { timeout?: number; url?: string } = {}) {
  const lines: (LogFields & { event: string })[] = []
  const log = recorded((event, fields) => lines.push({ event, ...fields }))
  const feedback = submitFeedback({
    name: 'submit_feedback',
    title: 'Send Feedback',
    description: 'Ask first.',
    access: { signIn: 'always', scopes: ['docs:read', 'docs:feedback'] },
    form: createFeedbackForm({ url, formName: 'api-feedback', timeout }),
    log,
  })
  const { fetch } = mcp.endpoint({ requireAuth: false, tools: [feedback] })
  async function submit(args: object, bearer = token) {
    const body = rpc('tools/call', { name: 'submit_feedback', arguments: args })
    return (await resultOf(await fetch(post(body, { authorization: `Bearer ${bearer}` })))).result
  }
  return { fetch, submit, lines }
}

const bodyOf = (result: { content: readonly { text: string }[] }) => JSON.parse(result.content[0]?.text ?? '')

describe('feedback', () => {
  test('arrives in the form under the user’s address, and the log holds neither', async () => {
    const { submit, lines } = world()
    const page = new URL('/current/topics/?from=mail#compaction', forms.url).href
    const result = await submit({ feedback: `  ${text}\n`, category: 'documentation_gap', page_url: ` ${page} ` })
    expect(forms.submissions().map(({ body }) => body)).toEqual([
      {
        'form-name': 'api-feedback',
        feedback: text,
        category: 'documentation_gap',
        'page-path': '/current/topics/',
        'user-email': 'Ada@Example.ORG',
        'user-email-verified': 'true',
        'user-domain': 'example.org',
        'bot-field': '',
      },
    ])
    expect(result.isError).not.toBe(true)
    expect(bodyOf(result)).toEqual({ status: 'submitted', message: expect.any(String) })
    expect(result).toMatchObject({ structuredContent: bodyOf(result) })
    expect(lines).toEqual([
      { event: 'feedback_submitted', category: 'documentation_gap', domain: 'example.org', authed: true },
    ])
  })

  test.each([
    ['no page, no category', {}, { category: 'other', 'page-path': '' }],
    ['an empty page', { page_url: '' }, { 'page-path': '' }],
    [
      'another site’s page',
      { page_url: 'http://other.example/a?token=x#y' },
      { 'page-path': 'http://other.example/a' },
    ],
  ])('may come with %s', async (_name, more, fields) => {
    const { submit } = world()
    await submit({ feedback: text, ...more })
    expect(forms.submissions()).toMatchObject([{ body: fields }])
  })

  test('of a user without a known address arrives without one', async () => {
    const { submit } = world()
    await submit({ feedback: text }, await mcp.sign({ email: undefined }))
    expect(forms.submissions()).toMatchObject([{ body: { feedback: text, 'user-email': '', 'user-domain': '' } }])
  })

  test('may have 5,000 characters, and not one more', async () => {
    const { submit } = world()
    expect((await submit({ feedback: `${'x'.repeat(5_000)}  ` })).isError).not.toBe(true)
    expect(bodyOf(await submit({ feedback: 'x'.repeat(5_001) }))).toMatchObject({ error: 'feedback_too_long' })
    expect(forms.submissions()).toHaveLength(1)
  })

  test.each([
    ['nothing', { feedback: ' \n ' }, 'missing_feedback'],
    ['no feedback at all', {}, 'invalid_arguments'],
    ['feedback that is not text', { feedback: ['x'] }, 'invalid_arguments'],
    ['an unknown category', { feedback: text, category: 'praise' }, 'invalid_arguments'],
    ['a page that is not a URL', { feedback: text, page_url: '/topics' }, 'invalid_page'],
    ['a script', { feedback: text, page_url: 'javascript:alert(1)' }, 'invalid_page'],
    ['a file', { feedback: text, page_url: 'file:///etc/passwd' }, 'invalid_page'],
    ['a page with a name', { feedback: text, page_url: 'https://ada@docs.example.com/' }, 'invalid_page'],
    ['a page with a password', { feedback: text, page_url: 'https://:pw@docs.example.com/' }, 'invalid_page'],
    ['too long a page', { feedback: text, page_url: `https://docs.example.com/${'x'.repeat(2_000)}` }, 'invalid_page'],
  ])('that is %s is refused, and nothing is sent', async (_name, args, error) => {
    const { submit } = world()
    const result = await submit(args)
    expect(result.isError).toBe(true)
    expect(bodyOf(result)).toEqual({ error, message: expect.any(String) })
    expect(forms.submissions()).toEqual([])
  })

  test.each([301, 302, 307, 308, 404, 429, 500, 503])(
    'that the site answers with %d has failed, and is not sent again (M-09)',
    async (status) => {
      forms.faults.form = { kind: 'status', status, location: '/home/' }
      const { submit, lines } = world()
      const result = await submit({ feedback: text })
      expect(result.isError).toBe(true)
      expect(bodyOf(result)).toEqual({
        error: 'submission_failed',
        message: expect.any(String),
        detail: `HTTP ${status}`,
      })
      expect(forms.submissions()).toHaveLength(1)
      expect(lines).toEqual([{ event: 'feedback_failed', reason: `HTTP ${status}` }])
    },
  )

  test('that gets no answer is a timeout: the message says that it may have arrived, and it is not sent again', async () => {
    forms.faults.form = { kind: 'never' }
    const { submit, lines } = world({ timeout: 100 })
    const result = await submit({ feedback: text })
    expect(bodyOf(result)).toMatchObject({ error: 'timeout', message: expect.stringContaining('may have arrived') })
    expect(forms.submissions().length).toBeLessThanOrEqual(1)
    expect(lines).toEqual([{ event: 'feedback_failed', reason: 'no answer in time' }])
  })

  test('to an unreachable site has failed', async () => {
    const gone = await startForms({ port: 0 })
    await gone.stop()
    const { submit } = world({ url: gone.url })
    expect(bodyOf(await submit({ feedback: text }))).toMatchObject({
      error: 'submission_failed',
      detail: 'connection failed',
      // A broken connection looks the same to this server, and data sent over it may have arrived.
      message: expect.stringContaining('ask the user before sending it again'),
    })
  })

  test('needs a sign-in even where sign-in is optional, and the scope for it [S-05 S-19]', async () => {
    const { fetch } = world()
    const call = rpc('tools/call', { name: 'submit_feedback', arguments: { feedback: text } })
    expect((await fetch(post(call))).status).toBe(401)
    const reader = await mcp.sign({ scope: 'docs:read' })
    const response = await fetch(post(call, { authorization: `Bearer ${reader}` }))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="docs:read docs:feedback"')
    expect(forms.submissions()).toEqual([])
  })

  test('is listed as a tool that writes, cannot be undone, and must not be called unasked', async () => {
    const { fetch } = world()
    const { result } = await resultOf(await fetch(post(rpc('tools/list'))))
    expect(result.tools).toMatchObject([
      {
        name: 'submit_feedback',
        annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
        securitySchemes: [{ type: 'oauth2', scopes: ['docs:read', 'docs:feedback'] }],
      },
    ])
  })
})
