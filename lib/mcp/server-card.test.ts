import { describe, expect, test } from 'vitest'
import { catalog, earlierServerCard, type ServerDescription, serverCard } from './server-card.ts'

const server: ServerDescription = {
  name: 'docs',
  version: '1.2.3',
  productName: 'Example documentation',
  issuer: 'https://docs.example.com',
  resource: 'https://docs.example.com/mcp',
  resourceMetadataUrl: 'https://docs.example.com/.well-known/oauth-protected-resource/mcp',
  documentationUrl: 'https://docs.example.com/guide',
  supportUrl: undefined,
  scopes: ['docs:read'],
  requireAuth: true,
  skills: false,
}

describe('the server card', () => {
  test('has the members of SEP-2127, which allows no others', () => {
    const { _meta, ...card } = serverCard(server)
    expect(card).toEqual({
      $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
      name: 'com.example.docs/mcp',
      version: '1.2.3',
      description: 'Answers questions from the Example documentation, with its sources.',
      title: 'Example documentation',
      websiteUrl: 'https://docs.example.com/guide',
      remotes: [
        {
          type: 'streamable-http',
          url: 'https://docs.example.com/mcp',
          supportedProtocolVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
        },
      ],
    })
    expect(Object.keys(_meta)).toEqual(['com.example.docs/authentication'])
  })

  test.each([
    ['https://docs.example.com', 'com.example.docs/mcp'],
    ['http://localhost:8888', 'localhost/mcp'],
    ['http://127.0.0.1:8888', '127.0.0.1/mcp'],
    ['http://[::1]:8888', '-1-/mcp'],
  ])('of %s has the valid name %s', (issuer, name) => {
    const card = serverCard({ ...server, issuer })
    expect(card.name).toBe(name)
    expect(card.name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
  })

  test('has a name that is cut at the maximum length', () => {
    const { title, description } = serverCard({ ...server, productName: '🦑'.repeat(200) })
    expect([[...title].length, [...description].length]).toEqual([100, 100])
  })

  test.each([true, false])('says that signing in is required: %s', (requireAuth) => {
    const described = { ...server, requireAuth }
    expect(Object.values(serverCard(described)._meta)).toEqual([expect.objectContaining({ required: requireAuth })])
    expect(earlierServerCard(described).authentication.required).toBe(requireAuth)
  })
})

test('the catalog of the host links to the card', () => {
  const url = 'https://docs.example.com/mcp/server-card'
  expect(catalog(server, url)).toEqual({
    specVersion: '1.0',
    host: { displayName: 'Example documentation', identifier: 'docs.example.com' },
    entries: [
      {
        identifier: 'urn:air:docs.example.com:mcp',
        displayName: 'Example documentation',
        description: 'Answers questions from the Example documentation, with its sources.',
        type: 'application/mcp-server-card+json',
        url,
      },
    ],
  })
})
