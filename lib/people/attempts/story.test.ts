import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../../dev/repository.ts'
import { knownClient, knownClients } from './clients.ts'
import { type Problem, problems } from './problems.ts'
import type { AttemptStep } from './step.ts'
import { type AttemptStory, tellStory, textOf } from './story.ts'

const patience = { consent: 600, signIn: 600, confirmation: 300, code: 60 }
const began = Date.UTC(2026, 10, 30, 10, 2)
const cursor = { name: 'Cursor', registeredAt: began / 1000 - 60, sendsTo: 'cursor:' }

type Short = readonly [string, ('ok' | 'refused' | 'failed')?, string?, string?]

/** Tells a story whose steps are ten seconds apart, as it is read `later` seconds after the last one. */
function told(short: readonly Short[], later = 3600, client: AttemptStep['client'] = cursor): AttemptStory {
  const steps = short.map(([step, outcome = 'ok', reason, detail], i) => ({
    ...{ at: began + i * 10_000, step, outcome, reason, detail, clientHash: 'hash' },
    client: i === 0 ? client : undefined,
  }))
  return tellStory('261130-K7QM-4XPD', steps, { now: began + steps.length * 10_000 + later * 1000, patience })
}

const consent: readonly Short[] = [['consent']]
const approved: readonly Short[] = [...consent, ['approved']]
const code: readonly Short[] = [...approved, ['code']]
const token: readonly Short[] = [...code, ['token']]
const connected: readonly Short[] = [...token, ['first-call']]

describe('where an attempt stopped', () => {
  test.each<[readonly Short[], AttemptStory['state'], Problem | undefined]>([
    [[['request', 'refused', 'unknown-client']], 'stopped', 'unknown-client'],
    [[['request', 'refused', 'invalid-redirect-uri']], 'stopped', 'invalid-redirect-uri'],
    [[['request', 'refused', 'invalid_request', 'code_challenge is missing']], 'stopped', 'invalid-request'],
    [[['request', 'failed', 'too-many-sign-ins']], 'stopped', 'too-many-sign-ins'],
    [[['document', 'failed', 'client-unavailable']], 'stopped', 'client-unavailable'],
    [consent, 'stopped', 'left-consent'],
    [[...consent, ['consent', 'refused', 'canceled']], 'stopped', 'canceled'],
    [[...consent, ['consent', 'refused', 'expired']], 'stopped', 'expired'],
    [[...consent, ['provider', 'failed', 'sign-in-unavailable']], 'stopped', 'provider-unavailable'],
    [approved, 'stopped', 'left-provider'],
    [[...approved, ['provider', 'refused', 'refused']], 'stopped', 'provider-refused'],
    [[...approved, ['provider', 'failed', 'invalid']], 'stopped', 'provider-invalid'],
    [[...approved, ['provider', 'failed', 'misconfigured']], 'stopped', 'not-configured'],
    [[...approved, ['provider', 'failed', 'again']], 'stopped', 'left-provider'],
    [[...approved, ['provider', 'failed', 'again'], ['code'], ['token'], ['first-call']], 'connected', undefined],
    [
      [['callback', 'refused', 'other-browser', 'this browser has no such sign-in, or it has expired']],
      'stopped',
      'other-browser',
    ],
    [[...approved, ['confirmation']], 'stopped', 'left-confirmation'],
    [[...approved, ['confirmation'], ['confirmation', 'refused', 'canceled']], 'stopped', 'canceled'],
    [code, 'stopped', 'code-not-redeemed'],
    [[...code, ['token', 'refused', 'invalid_grant', 'the code has expired']], 'stopped', 'code-expired'],
    [
      [...code, ['token', 'refused', 'invalid_client', 'the client secret is wrong']],
      'stopped',
      'client-authentication',
    ],
    [[...code, ['token', 'failed', 'unavailable']], 'stopped', 'our-fault'],
    [[...code, ['token', 'failed', 'unavailable'], ['token']], 'stopped', 'no-call'],
    [token, 'stopped', 'no-call'],
    [[...token, ['refresh']], 'stopped', 'no-call'],
    [[...token, ['call', 'refused', 'work_email']], 'stopped', 'work-email'],
    [connected, 'connected', undefined],
    [[...connected, ['call', 'refused', 'scope']], 'connected', 'scope'],
    [[...connected, ['call', 'refused', 'limit'], ['refresh']], 'connected', undefined],
    [[...connected, ['token', 'refused', 'used', 'the code has been used (used)']], 'ended', 'code-used'],
    [[...connected, ['refresh', 'refused', 'reuse']], 'ended', 'refresh-reused'],
    [
      [...connected, ['refresh', 'refused', 'invalid_grant', 'the refresh token has expired']],
      'ended',
      'refresh-expired',
    ],
    [[...connected, ['call', 'refused', 'revoked']], 'ended', 'revoked'],
    [[...connected, ['revocation']], 'ended', undefined],
  ])('%j: %s, %s', (steps, state, problem) => {
    const story = told(steps)
    expect([story.state, story.problem]).toEqual([state, problem])
    expect(story.conclusion).not.toBe('')
    expect(story.remedy === undefined).toBe(problem === undefined)
    for (const { text } of story.steps) expect(text).toMatch(/^[A-Z].*\.$/)
  })

  test.each([
    [consent, 599, 601],
    [approved, 599, 601],
    [[...approved, ['confirmation'] as Short], 299, 301],
    [code, 59, 61],
    [token, 59, 61],
  ])('%j: still open after %i s, and not after %i s', (steps, before, after) => {
    expect(told(steps, before - 10).state).toBe('open')
    expect(told(steps, after - 10).state).toBe('stopped')
  })

  test('OAuth completes, and the client never sends a request: the most common complaint', () => {
    const text = textOf(told(token))
    expect(text).toContain('The client exchanged its code for tokens.')
    expect(text).toContain('The client has its tokens and has not sent a request to `/mcp` since.')
    expect(text).toContain('the output *MCP Logs* shows more. (docs/clients/cursor.md)')
  })

  test('is told in order, whatever order the store gives', () => {
    const steps = ['token', 'consent', 'code', 'approved'].map((step) => ({ at: began, step, outcome: 'ok' as const }))
    expect(tellStory('261130-K7QM-4XPD', steps, { now: began, patience }).steps.map(({ step }) => step)).toEqual([
      'consent',
      'approved',
      'code',
      'token',
    ])
  })

  test('a name that a client made up cannot change how the text around it reads', () => {
    expect(told(consent, 0, { name: 'A\u202Eb\nRemedy: call 555' }).steps[0]?.text).toContain('“AbRemedy: call 555”')
  })
})

describe('remedies', () => {
  test.each(knownClients.map((client) => [client.title, client] as const))(
    'of %s quote what its page says',
    (_title, { page, remedies }) => {
      const [path = '', section] = page.split('#')
      expect(existsSync(join(repository, path)), path).toBe(true)
      const text = readFileSync(join(repository, path), 'utf8').replaceAll(/\s+/g, ' ')
      if (section) expect(text.toLowerCase()).toContain(`## ${section.replaceAll('-', ' ')}`)
      for (const remedy of Object.values(remedies)) {
        const quoted = [...remedy.matchAll(/`([^`]+)`|\*([^*]+)\*/g)].map(([, code, words]) => code ?? words ?? '')
        for (const words of quoted.filter((each) => !each.startsWith('MCP_OAUTH_')))
          expect(text, remedy).toContain(words)
      }
    },
  )

  test('a client without a page gets the general remedy', () => {
    expect(told(token, 3600, { name: 'Something new' }).remedy).toEqual({
      text: problems['no-call'].remedy,
      page: 'docs/clients/README.md',
    })
    expect(knownClient({}).page).toBe('docs/clients/README.md')
  })
})
