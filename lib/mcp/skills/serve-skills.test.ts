import { expect, test } from 'vitest'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { rpc } from '../../../dev/worlds/mcp-requests.ts'
import { serveSkills } from './serve-skills.ts'
import type { Skills } from './skills.ts'

const mcp = mcpForTests()
const uri = 'skill://a/SKILL.md'
const skills: Skills = {
  listed: [{ uri, name: 'a', description: 'Helps.', mimeType: 'text/markdown', size: 1 }],
  skills: [{ uri, frontmatter: { name: 'a', description: 'Helps.' }, resources: [] }],
  directories: {},
  files: { [uri]: { mimeType: 'text/markdown', text: 'A' } },
  index: {},
  artifacts: [],
}

const connecting = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'client', version: '1' },
})

/** Counts how often the skills are loaded. */
function withSkills() {
  let loads = 0
  const endpoint = mcp.endpoint({
    loadSkills: async () => {
      loads += 1
      return (server) => serveSkills(server, skills)
    },
  })
  const ask = async (body: string) => (await endpoint.fetch(mcp.authorized(body))).json()
  return { ask, loads: () => loads }
}

test('a server without skills promises none, and does not know their methods', async () => {
  const { fetch } = mcp.endpoint()
  const { result } = await (await fetch(mcp.authorized(connecting))).json()
  expect(Object.keys(result.capabilities)).toEqual(['tools'])
  for (const method of ['skills/list', 'resources/list']) {
    expect((await (await fetch(mcp.authorized(rpc(method)))).json()).error.code).toBe(-32601)
  }
})

test('a client that connects, lists tools or asks a question does not load the skills; one that asks for them does', async () => {
  const { ask, loads } = withSkills()
  expect((await ask(connecting)).result.capabilities).toMatchObject({
    resources: { listChanged: false },
    extensions: { 'io.modelcontextprotocol/skills': { directoryRead: true } },
  })
  await ask(rpc('tools/list'))
  await ask(rpc('tools/call', { name: 'ask_question', arguments: { question: 'how?' } }))
  expect(loads()).toBe(0)
  expect((await ask(rpc('skills/list'))).result.skills).toEqual(skills.skills)
  expect((await ask(rpc('resources/read', { uri }))).result.contents).toEqual([{ uri, ...skills.files[uri] }])
  expect(loads()).toBe(2)
})

test('skills need a sign-in where listing the tools needs one', async () => {
  const { fetch } = mcp.endpoint({ loadSkills: async () => (server) => serveSkills(server, skills) })
  const request = mcp.authorized(rpc('skills/list'))
  request.headers.delete('authorization')
  expect((await fetch(request)).status).toBe(401)
})

test.each(['constructor', '__proto__', 'toString', 'skill://a/../a/SKILL.md', 'file:///etc/passwd'])(
  'an address that the build did not read leads to nothing: %s',
  async (address) => {
    const { ask } = withSkills()
    for (const method of ['resources/read', 'resources/directory/read', 'skills/get']) {
      const { error, result } = await ask(rpc(method, { uri: address }))
      expect([result, error.message]).toEqual([undefined, expect.stringMatching(/^(?:There is no|Resource not found)/)])
    }
  },
)
