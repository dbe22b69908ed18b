import { describe, expect, test } from 'vitest'
import { defaultBrand, frontMarkdown, frontPage, type GuideInput } from './index.ts'

const input: GuideInput = {
  brand: { ...defaultBrand, productName: 'Example <Handbook>', documentationUrl: 'https://docs.example.com/guide' },
  mcpUrl: 'https://docs.example.com/mcp',
  requireAuth: true,
  lifetimes: { accessToken: 3600, refreshToken: 30 * 86_400, grant: 180 * 86_400 },
  limits: { user: { limit: 60, windowSeconds: 900 }, address: { limit: 1, windowSeconds: 90 } },
}

describe('the guide for readers', () => {
  test('in Markdown: the address, what is shared, how long and how much, and where to read on', () => {
    const text = frontMarkdown(input)
    expect(text).toMatch(/^# Example <Handbook> for AI clients\n\n## Connect\n\n/)
    expect(text).toContain('`claude mcp add --scope user --transport http docs https://docs.example.com/mcp`')
    expect(text).toContain('continue with Redpanda Cloud')
    expect(text).toContain('Kapa, which answers, is told them')
    expect(text).toContain('every 1 hour without')
    expect(text).toContain('for 30 days, and after 180 days in any case')
    expect(text).toContain('60 questions in 15 minutes for each person')
    expect(text).toMatch(/\n- \[Documentation\]\(https:\/\/docs\.example\.com\/guide\)\n$/)
    expect(text).not.toContain('undefined')
  })

  test('as a page: the same, escaped, and what is to be typed stands out', () => {
    const { html } = frontPage(input)
    expect(html).toContain('Example &lt;Handbook&gt; for AI clients')
    expect(html).not.toContain('<Handbook>')
    expect(html).toContain('<code>https://docs.example.com/mcp</code>')
    expect(html).toContain('60 questions in 15 minutes')
    expect(html).not.toContain('`')
  })

  test('does not speak of what is not there', () => {
    const { lifetimes: _misconfigured, ...rest } = input
    const text = frontMarkdown({ ...rest, limits: {} })
    expect(text).not.toMatch(/Staying signed in|How much/)
    expect(frontMarkdown(input)).not.toContain('network address')
  })

  test('where signing in is optional: says so, and what is left to those who do not', () => {
    const text = frontMarkdown({ ...input, requireAuth: false })
    expect(text).toContain('You may ask without signing in.')
    expect(text).toContain('1 question in 90 seconds for all together at one network address')
  })
})
