import { describe, expect, test } from 'vitest'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { ask, resultOf } from '../../../dev/worlds/mcp-requests.ts'
import { withinBudget } from './answer-budget.ts'

const passage = (page: string, length: number) => ({
  source_url: `https://docs.example.com/${page}`,
  content: 'word '.repeat(length / 5),
})

const resultFor = (most: number, ...passages: Parameters<typeof withinBudget>[0]) => {
  const { structuredContent, content = [] } = withinBudget(passages, most) ?? {}
  return { structuredContent, texts: content.map((item) => (item.type === 'text' ? item.text : '')) }
}

describe('an answer within the budget of its client', () => {
  test('is unchanged if every passage fits, also to the last character', () => {
    expect(withinBudget([passage('a', 500), passage('b', 500)], 1000)).toBeUndefined()
    expect(withinBudget([], 500)).toBeUndefined()
  })

  test('ends with the last passage that fits, and a note links to the others', () => {
    const [first, second] = [passage('a', 600), passage('b', 600)]
    const { structuredContent, texts } = resultFor(1000, first, second, passage('c', 5), passage('b', 5))
    const note =
      'For the limit of 1000 characters, 3 passages are left out. Read what is missing at: https://docs.example.com/b https://docs.example.com/c'
    expect(structuredContent).toEqual({ passages: [first], note })
    // A client that reads only the texts learns the same.
    expect(texts).toEqual([JSON.stringify(first), note])
  })

  test('cuts a best passage that is too long where a paragraph ends', () => {
    const content = `${'x'.repeat(400)}\n\n${'y'.repeat(400)}`
    const { structuredContent } = resultFor(600, { content })
    expect(structuredContent).toEqual({
      passages: [{ content: `${'x'.repeat(400)} …` }],
      note: 'For the limit of 600 characters, the passage is cut.',
    })
  })

  test.each([
    ['words', 'word '.repeat(1000)],
    ['one word', 'x'.repeat(5000)],
    ['code', `\`\`\`sh\n${'npm start\n'.repeat(500)}\`\`\``],
  ])('is never longer than the budget, and leaves no open block of code: %s', (_what, content) => {
    const { passages } = JSON.parse(JSON.stringify(resultFor(700, { content }).structuredContent))
    expect(passages[0].content.length).toBeLessThanOrEqual(700)
    expect(passages[0].content.length).toBeGreaterThan(300)
    expect((passages[0].content.match(/```/g)?.length ?? 0) % 2).toBe(0)
  })
})

describe('`max_characters` of the question tool', () => {
  const mcp = mcpForTests()
  const texts = [passage('a', 600), passage('b', 600)].map((found) => JSON.stringify(found))
  const answer = async (extra: object) => {
    mcp.searchServer.answer = async () => ({ content: texts.map((text) => ({ type: 'text', text })) })
    return (await resultOf(await mcp.endpoint().fetch(mcp.authorized(ask('how?', extra))))).result
  }

  test('shortens the answer; without it, the answer is whole', async () => {
    expect((await answer({ max_characters: 1000 })).content.map(({ text }) => text)).toEqual([
      texts[0],
      expect.stringContaining('https://docs.example.com/b'),
    ])
    expect((await answer({})).content.map(({ text }) => text)).toEqual(texts)
  })

  test.each([499, 60_001, 700.5, '700'])('%s is refused with its bounds', async (most) => {
    const { isError, content } = await answer({ max_characters: most })
    expect([isError, content[0]?.text]).toEqual([true, expect.stringContaining('invalid_arguments')])
  })
})
