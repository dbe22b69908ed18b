import { describe, expect, test } from 'vitest'
import { defaultBrand } from '../../lib/pages/brand.ts'
import { pluginFiles } from './files.ts'

const mcpUrl = 'https://docs.example.com/mcp'
const files = new Map(
  pluginFiles({ brand: { ...defaultBrand, name: 'Big & Co.' }, mcpUrl, version: '1.2.3' }).map(({ path, text }) => [
    path,
    text,
  ]),
)
const read = (path: string) => JSON.parse(files.get(path) ?? '{}')

describe('the plugin', () => {
  test.each(['.claude-plugin/plugin.json', '.codex-plugin/plugin.json', 'plugin.json', 'gemini-extension.json'])(
    '%s names the plugin in lower case with hyphens, as every client demands, and its version',
    (path) => {
      expect(read(path)).toMatchObject({ name: 'big-co', version: '1.2.3', description: expect.any(String) })
    },
  )

  test('each client finds the server: by the file beside the manifest, or in it', () => {
    expect(read('.mcp.json')).toEqual({ mcpServers: { 'big-co': { type: 'http', url: mcpUrl } } })
    for (const path of ['.codex-plugin/plugin.json', 'plugin.json'])
      expect(read(path).mcpServers).toMatch(/^(\.\/)?\.mcp\.json$/)
    expect(read('gemini-extension.json').mcpServers).toEqual({ 'big-co': { httpUrl: mcpUrl } })
  })

  test.each(['.claude-plugin/marketplace.json', '.github/plugin/marketplace.json', '.agents/plugins/marketplace.json'])(
    '%s lists the plugin once, in the folder itself',
    (path) => {
      const { name, plugins } = read(path)
      expect([name, plugins.length, plugins[0].name]).toEqual(['big-co', 1, 'big-co'])
      expect(plugins[0].source.path ?? plugins[0].source).toBe('./')
    },
  )

  test('holds no key and no other address than those of the settings', () => {
    const urls = [...files.values()].flatMap((text) => text.match(/https?:[^\s"`)]+/g) ?? [])
    expect([...new Set(urls)].sort()).toEqual(
      [mcpUrl, 'https://github.com/OWNER/REPOSITORY', defaultBrand.privacyUrl].sort(),
    )
  })
})
