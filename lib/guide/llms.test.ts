import { expect, test } from 'vitest'
import { defaultBrand } from '../pages/brand.ts'
import { llmsText } from './llms.ts'

const text = llmsText(
  {
    brand: { ...defaultBrand, documentationUrl: 'https://docs.example.com/guide' },
    mcpUrl: 'https://docs.example.com/mcp',
    requireAuth: true,
    requireWorkEmail: false,
    limits: {},
    tools: [{ name: 'ask', description: 'Answers one question.\nWith sources.', access: 'if required' }],
  },
  {
    guide: 'https://docs.example.com/',
    serverCard: 'https://docs.example.com/mcp/server-card',
    authorizationServer: 'https://docs.example.com/.well-known/oauth-authorization-server',
  },
)

test('llms.txt has the form that llmstxt.org describes: a heading, a summary, lists of links', () => {
  const blocks = text.trim().split('\n\n')
  expect(blocks[0]).toMatch(/^# .+/)
  expect(blocks[1]).toMatch(/^> .+/)
  expect(
    blocks.slice(2).map((block, index) => (index % 2 === 0 ? /^## .+$/ : /^(- .+\n?)+$/).test(block)),
  ).not.toContain(false)
})

test('llms.txt names the server, every tool in one line, and the documentation', () => {
  expect(text).toContain('- [MCP server](https://docs.example.com/mcp): Streamable HTTP. Users sign in with OAuth 2.1')
  expect(text).toContain('- `ask`: Answers one question. With sources.')
  expect(text).toContain('- [Documentation](https://docs.example.com/guide)')
})
