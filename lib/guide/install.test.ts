import { describe, expect, test } from 'vitest'
import { defaultBrand } from '../pages/brand.ts'
import { installCommands, installLinks } from './install.ts'

const input = { brand: { ...defaultBrand, name: 'Big & Co.' }, mcpUrl: 'https://docs.example.com/mcp' }
const entry = { url: input.mcpUrl }
const links = new Map(installLinks(input).map((link) => [link.app, link]))

const configIn = (url: string) => {
  const { searchParams } = new URL(url)
  return [
    searchParams.get('name'),
    JSON.parse(Buffer.from(searchParams.get('config') ?? '', 'base64').toString()),
  ] as const
}

describe('links that add the server', () => {
  test.each(['Cursor', 'LM Studio'])(
    '%s reads the name and the entry from a link of its own, and from a page of its maker',
    (app) => {
      const { link = '', web = '' } = links.get(app) ?? {}
      expect(configIn(link)).toEqual(['big-co', entry])
      expect(configIn(web)).toEqual(['big-co', entry])
      expect(web).toMatch(/^https:\/\/(cursor\.com|lmstudio\.ai)\//)
    },
  )

  test('Cursor and LM Studio have their own schemes and paths', () => {
    expect(links.get('Cursor')?.link).toMatch(/^cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?name=/)
    expect(links.get('LM Studio')?.link).toMatch(/^lmstudio:\/\/add_mcp\?name=/)
  })

  test('VS Code reads one JSON object', () => {
    const { link = '', web = '' } = links.get('VS Code') ?? {}
    const [scheme, query = ''] = link.split('?')
    expect(scheme).toBe('vscode:mcp/install')
    expect(JSON.parse(decodeURIComponent(query))).toEqual({ name: 'big-co', type: 'http', ...entry })
    expect(new URL(web).searchParams.get('url')).toBe(link)
  })
})

test('a command has the name in characters that a shell takes for text', () => {
  for (const { command } of installCommands(input))
    expect(command).toMatch(/^[a-z]+ mcp add [a-z -]*big-co (--url )?https:\/\/docs\.example\.com\/mcp$/)
})
