import { expect, test } from 'vitest'
import { createBlockedClients, parseBlockList } from '../clients/blocked-clients.ts'
import { PageError } from '../errors.ts'
import { requireStillAllowed } from './checks.ts'
import type { AuthorizationRequest } from './request.ts'

const app = 'cursor://anysphere.cursor-mcp/oauth/callback'
const registeredAt = Date.UTC(2026, 10, 1) / 1000

/** A request of a client whose metadata document is on another host than its redirect URI. */
const sealed: AuthorizationRequest = {
  clientHash: 'x'.repeat(43),
  verifiedHost: 'client.example:8443',
  registeredAt,
  redirectUri: 'https://app.example/callback',
  state: 'the client’s own',
  codeChallenge: 'challenge',
  resource: 'https://docs.example/mcp',
  scope: 'docs:read',
  authenticationMethods: ['none'],
  usesRefreshTokens: true,
}

/** The error at a later step of a sign-in, after the operator has changed the settings. */
function errorOf(request: Partial<AuthorizationRequest>, entries: readonly string[], listedSchemesOnly = false) {
  const list = parseBlockList(entries)
  if (!list) throw new Error('no such list')
  const blocked = createBlockedClients(list, () => undefined)
  const redirectPolicy = { privateUseUris: [], listedSchemesOnly }
  try {
    const { state } = requireStillAllowed({ ...sealed, ...request }, { blocked, redirectPolicy })
    expect(state).toBe(sealed.state)
    return null
  } catch (error) {
    if (error instanceof PageError) return error.kind
    throw error
  }
}

test.each([
  ['its hash', sealed.clientHash],
  ['the host of its redirect URI', 'app.example'],
  ['the host of its metadata document', 'client.example'],
  ['that host with its port', 'client.example:8443'],
  ['a time after its registration', 'before:2026-11-02'],
])('a client that is blocked by %s during a sign-in is refused at the next step', (_what, entry) =>
  expect(errorOf({}, [entry])).toBe('unknown-client'),
)

test.each([
  ['another host', 'example'],
  ['another port', 'client.example:8444'],
  ['the time of its registration', 'before:2026-11-01'],
])('%s in the list of blocked clients stops no sign-in', (_what, entry) => expect(errorOf({}, [entry])).toBeNull())

test('a redirect URI that the operator no longer accepts gets no answer', () => {
  expect(errorOf({ redirectUri: app }, [])).toBeNull()
  expect(errorOf({ redirectUri: app }, [], true)).toBe('invalid-redirect-uri')
})
