import { describe, expect, test } from 'vitest'
import { defaultBrand } from '../pages/brand.ts'
import { frontPage } from './front.ts'
import type { GuideInput } from './input.ts'
import { guideMarkdown } from './markdown.ts'

const input: GuideInput = {
  brand: { ...defaultBrand, productName: 'Example <Handbook>', documentationUrl: 'https://docs.example.com/guide' },
  mcpUrl: 'https://docs.example.com/mcp',
  requireAuth: true,
  requireWorkEmail: true,
  lifetimes: { accessToken: 3600, refreshToken: 30 * 86_400, grant: 180 * 86_400 },
  limits: { user: { limit: 60, windowSeconds: 900 }, address: { limit: 1, windowSeconds: 90 } },
  tools: [{ name: 'ask', description: 'Answers *one* question.', access: 'if required' }],
  feedbackTool: 'send',
  apiReferenceHost: 'api.example.com',
  limitedAnswer: 'HTTP/2 429\nretry-after: 450',
  site: { exports: ['https://docs.example.com/llms.txt'], markdownPages: true },
}

describe('the front page', () => {
  test('has the address, the data that the user shares, lifetimes, limits, and links to more information', () => {
    const { html } = frontPage(input)
    expect(html).toContain('<code>https://docs.example.com/mcp</code>')
    expect(html).toContain(
      '<code>claude mcp add --scope user --transport http redpanda https://docs.example.com/mcp</code>',
    )
    expect(html).toContain('Continue with Redpanda Cloud')
    expect(html).toContain('Kapa answers your questions, and receives your email address')
    expect(html).toContain('every hour without')
    expect(html).toContain('for 30 days, and after 180 days in any case')
    expect(html).toContain('60 questions in 15 minutes for each person')
    expect(html).toContain('<a href="https://docs.example.com/guide" referrerpolicy="no-referrer">Documentation</a>')
  })

  test('is escaped, and marks as code what the user types', () => {
    const { html } = frontPage(input)
    expect(html).toContain('Example &lt;Handbook&gt; for AI clients')
    expect(html).not.toContain('<Handbook>')
    expect(html).not.toContain('`')
  })

  test('does not mention limits and lifetimes that do not exist', () => {
    const misconfigured = { ...input, lifetimes: undefined, limits: {}, limitedAnswer: undefined }
    const { html } = frontPage(misconfigured)
    expect(html).not.toMatch(/Staying signed in|questions? in|reached the limit, the server|undefined/)
    expect(frontPage(input).html).not.toContain('network address')
  })

  test('says that signing in is optional, and states the limit for users who do not sign in', () => {
    const { html } = frontPage({ ...input, requireAuth: false })
    expect(html).toContain('You may ask without signing in.')
    expect(html).toContain('1 question in 90 seconds, shared by everyone at your network address')
  })

  test('says that some organizations have limits of their own', () => {
    const { html } = frontPage({ ...input, limits: { ...input.limits, plans: true } })
    expect(html).toContain('Redpanda has set other limits for some organizations or email domains.')
    expect(frontPage(input).html).not.toContain('other limits')
  })

  test('gives the server a name that every client and shell accepts', () => {
    const commandFor = (name: string) => frontPage({ ...input, brand: { ...input.brand, name } }).html
    expect(commandFor('Big & Co. ($HOME)')).toContain('--transport http big-co-home https')
    expect(commandFor('例')).toContain('--transport http docs https')
  })

  test('says everything that the Markdown page says', () => {
    for (const requireAuth of [true, false]) {
      const markdown = guideMarkdown({ ...input, requireAuth })
      const page = lettersOf(frontPage({ ...input, requireAuth }).html.replaceAll(/<style>.*<\/style>|<[^>]*>/gs, ''))
      const sentences = markdown
        .replaceAll(/^\| (?:---|tool|client|answer|page) .*|^(?:```.*|#+ |- )/gm, '')
        .replaceAll(/\[([^\]]+)\]\(https:[^)]+\)/g, '$1')
        // The page has a command below the name of its client, and a button for each app.
        .split(/\n|\||·|(?<=Code|CLI): (?=`)/)
        .map((line) => lettersOf(line))
      expect(sentences.filter((sentence) => !page.includes(sentence))).toEqual([])
    }
  })
})

/** Returns the letters of a text, without the markup and spaces that differ between the two pages. */
function lettersOf(text: string): string {
  const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
  return plain.replaceAll('&amp;', '&').replaceAll(/[`*\s]/g, '')
}
