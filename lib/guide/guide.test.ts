import { describe, expect, test } from 'vitest'
import { defaultBrand, frontPage, type GuideInput } from '../oauth/pages/index.ts'

const input: GuideInput = {
  brand: { ...defaultBrand, productName: 'Example <Handbook>', documentationUrl: 'https://docs.example.com/guide' },
  mcpUrl: 'https://docs.example.com/mcp',
  requireAuth: true,
  lifetimes: { accessToken: 3600, refreshToken: 30 * 86_400, grant: 180 * 86_400 },
  limits: { user: { limit: 60, windowSeconds: 900 }, address: { limit: 1, windowSeconds: 90 } },
}

describe('the front page', () => {
  test('has the address, what is shared, how long and how much, and where to read on', () => {
    const { html } = frontPage(input)
    expect(html).toContain('<code>https://docs.example.com/mcp</code>')
    expect(html).toContain(
      '<code>claude mcp add --scope user --transport http redpanda https://docs.example.com/mcp</code>',
    )
    expect(html).toContain('continue with Redpanda Cloud')
    expect(html).toContain('Kapa, which answers, is told them')
    expect(html).toContain('every hour without')
    expect(html).toContain('for 30 days, and after 180 days in any case')
    expect(html).toContain('60 questions in 15 minutes for each person')
    expect(html).toContain('<a href="https://docs.example.com/guide" referrerpolicy="no-referrer">Documentation</a>')
  })

  test('is escaped, and what is to be typed stands out', () => {
    const { html } = frontPage(input)
    expect(html).toContain('Example &lt;Handbook&gt; for AI clients')
    expect(html).not.toContain('<Handbook>')
    expect(html).not.toContain('`')
  })

  test('does not speak of what is not there', () => {
    const { lifetimes: _misconfigured, ...rest } = input
    const { html } = frontPage({ ...rest, limits: {} })
    expect(html).not.toMatch(/Staying signed in|How much|undefined/)
    expect(frontPage(input).html).not.toContain('network address')
  })

  test('where signing in is optional: says so, and what is left to those who do not', () => {
    const { html } = frontPage({ ...input, requireAuth: false })
    expect(html).toContain('You may ask without signing in.')
    expect(html).toContain('1 question in 90 seconds for all together at one network address')
  })

  test('where organizations have numbers of their own: says that there are others', () => {
    const { html } = frontPage({ ...input, limits: { ...input.limits, plans: [{}] } })
    expect(html).toContain('Redpanda has other numbers for the people of some organizations or e-mail domains.')
    expect(frontPage(input).html).not.toContain('other numbers')
  })

  test('calls the server by a name that every client and shell takes, whatever the brand is called', () => {
    const commandFor = (name: string) => frontPage({ ...input, brand: { ...input.brand, name } }).html
    expect(commandFor('Big & Co. ($HOME)')).toContain('--transport http big-co-home https')
    expect(commandFor('例')).toContain('--transport http docs https')
  })
})
