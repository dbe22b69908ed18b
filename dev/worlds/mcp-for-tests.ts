import { beforeEach } from 'vitest'
import { forTests } from './for-tests.ts'
import { claims, createSigningKey, createTestEndpoint, sign, startSearchServer } from './mcp-endpoint.ts'
import { post } from './mcp-requests.ts'

/**
 * Sets up the tests of a file about `/mcp`: a key, a valid token, and a search server that forgets the calls and answers of each
 * test.
 *
 * @param now the time of the tokens, in milliseconds since the epoch
 */
export function mcpForTests(now: number = Date.now()) {
  const created = forTests(
    async () => {
      const [key, searchServer] = await Promise.all([createSigningKey('key-1'), startSearchServer()])
      return { key, searchServer, token: await sign(key, claims(now)) }
    },
    ({ searchServer }) => searchServer.stop(),
  )
  beforeEach(() => {
    const { searchServer } = created()
    searchServer.calls.length = 0
    searchServer.intercept = undefined
  })
  return {
    get key() {
      return created().key
    },
    get searchServer() {
      return created().searchServer
    },
    get token() {
      return created().token
    },
    /** Signs a token with other claims (`undefined` removes one) or another header. */
    sign: (changes: Parameters<typeof claims>[1] = {}, header: Parameters<typeof sign>[2] = {}) =>
      sign(created().key, claims(now, changes), header),
    /** An endpoint that trusts the key and asks the search server. `changes` override its options. */
    endpoint: (changes: Parameters<typeof createTestEndpoint>[2] = {}) =>
      createTestEndpoint([created().key], created().searchServer, changes),
    /** A POST with a token. */
    authorized: (body: string, bearer = created().token, headers: Record<string, string> = {}) =>
      post(body, { authorization: `Bearer ${bearer}`, ...headers }),
  }
}
