import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../dev/build/build.ts'
import { frontMarkdown } from '../lib/oauth/pages/index.ts'
import { readConfiguration } from '../lib/runtime/configuration.ts'
import { newSecret } from '../lib/runtime/secrets.ts'

test('docs/connecting.md tells readers the figures that the front page has without settings [B8-18]', () => {
  const env = { MCP_OAUTH_SECRET: newSecret(), UPSTREAM_CLIENT_ID: 'docs', KAPA_API_KEY: 'key' }
  const site = { issuer: 'https://docs.example.com', storeName: 'docs', production: true }
  const { brand, resource, mcp, flow } = readConfiguration(env, site)
  if (!flow) throw new Error('the settings are not complete')
  const { limits } = mcp
  const guide = frontMarkdown({ brand, mcpUrl: resource, requireAuth: true, lifetimes: flow.lifetimes, limits })
  const page = readFileSync(join(repository, 'docs/connecting.md'), 'utf8').replaceAll(/\s+/g, ' ')
  for (const figure of ['60 questions in 15 minutes', '30 days', '180 days', resource]) {
    expect(guide).toContain(figure)
    expect(page).toContain(figure)
  }
  expect(guide).toContain('every 1 hour')
  expect(page).toContain("The client's access token lasts an hour")
})
