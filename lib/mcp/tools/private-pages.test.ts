import { expect, test } from 'vitest'
import { createTestEndpoint } from '../../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { resultOf, rpc } from '../../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { searchPrivatePages } from './private-pages.ts'

const mcp = mcpForTests()

type Of = 'person' | 'service'

/** Searches once. The pages accept the second token only. */
async function search(first: Of, second: Of) {
  const shown: string[] = []
  const tool = searchPrivatePages({
    ...{ name: 'search', title: 'Search', description: 'Searches.' },
    access: { signIn: 'always', scopes: ['docs:read'] },
    pages: {
      async search(_wanted, token) {
        shown.push(token)
        return token === 'second' ? { kind: 'pages', pages: [] } : { kind: 'unauthorized' }
      },
    },
    upstreamToken: async (_caller, _signal, rejected) =>
      rejected === undefined
        ? { kind: 'token', accessToken: 'first', of: first }
        : { kind: 'token', accessToken: 'second', of: second },
    log: recorded(() => {}),
  })
  const { fetch } = createTestEndpoint([mcp.key], mcp.searchServer, { tools: [tool] })
  const call = rpc('tools/call', { name: 'search', arguments: { query: 'x' } })
  const { result } = await resultOf(await fetch(mcp.authorized(call)))
  return { shown, isError: result.isError === true }
}

test('a new token is tried for the same account only: a search as the person never goes on as the service, or the other way round [N12]', async () => {
  expect(await search('person', 'person')).toEqual({ shown: ['first', 'second'], isError: false })
  expect(await search('person', 'service')).toEqual({ shown: ['first'], isError: true })
  expect(await search('service', 'person')).toEqual({ shown: ['first'], isError: true })
})
