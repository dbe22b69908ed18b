import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { sendMcp } from '../support/mcp.ts'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The skills of the sample folder, which every artifact of the tests holds, through the SDK's own client and as files. */

const folder = 'dev/skills/sample'
const fileOf = (path: string) => readFileSync(join(repository, folder, path))

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack({ settings: { MCP_SKILLS_DIR: folder } })
  ;({ accessToken: token } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(() => stack?.stop())

async function connect(mode: 'auto' | 'legacy'): Promise<Client> {
  const client = new Client({ name: 'skills', version: '1' }, { versionNegotiation: { mode } })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(stack.mcpUrl), { requestInit }))
  return client
}

describe.each(['auto', 'legacy'] as const)('MCP_SKILLS_DIR: skills over MCP, %s [Y-01]', (mode) => {
  test('a client lists the skills, and every file has its digest', async () => {
    const client = await connect(mode)
    const skills = new SkillsClient(client)
    expect([skills.supported, skills.directoryRead]).toEqual([true, true])
    const listing = await skills.list()
    expect(listing.skills.map(({ uri }) => uri)).toEqual([
      'skill://connect-a-client/SKILL.md',
      'skill://write-a-question/SKILL.md',
    ])
    for (const skill of listing.skills) {
      const files = typeof skill.resources === 'string' ? [] : skill.resources
      for (const { uri } of files) {
        const read = await skills.read(skill, uri)
        expect([read.verified, Buffer.from(read.bytes)]).toEqual([true, fileOf(uri.slice('skill://'.length))])
      }
    }
    const top = await skills.readDirectory('skill://connect-a-client')
    expect(top.resources.map(({ name, mimeType }) => [name, mimeType])).toEqual([
      ['SKILL.md', 'text/markdown'],
      ['references', 'inode/directory'],
    ])
    const inner = await skills.readDirectory('skill://connect-a-client/references')
    expect(inner.resources.map(({ name }) => name).sort()).toEqual(['clients', 'remedies.md'])
    expect((await client.listResources()).resources.map(({ name }) => name)).toEqual([
      'connect-a-client',
      'write-a-question',
    ])
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: 'skill://{+path}' }])
    await client.close()
  })
})

test.each([
  ['skills/get', 'skill://nothing/SKILL.md'],
  ['skills/get', 'constructor'],
  ['resources/read', 'skill://../../package.json'],
  ['resources/read', 'skill://write-a-question/../../package.json'],
  ['resources/read', 'skill://write-a-question/%2e%2e/SKILL.md'],
  ['resources/read', 'file:///etc/passwd'],
  ['resources/read', 'skill://write-a-question'],
  ['resources/read', '__proto__'],
  ['resources/directory/read', 'skill://write-a-question/SKILL.md'],
  ['resources/directory/read', 'skill://'],
])('%s of %s is an error, and never a file [Y-01 Y-02]', async (method, uri) => {
  const { body } = await sendMcp(stack.mcpUrl, method, { uri }, token)
  expect(body).toMatchObject({ error: { code: expect.any(Number) } })
  expect(body.result).toBeUndefined()
})

test('a foreign cursor and a missing address are the client’s error', async () => {
  for (const [method, params] of [
    ['skills/list', { cursor: 'x' }],
    ['resources/list', { cursor: 'x' }],
    ['skills/get', {}],
    ['resources/read', { uri: 7 }],
  ] as const) {
    const { body } = await sendMcp(stack.mcpUrl, method, params, token)
    expect([method, body]).toMatchObject([method, { error: { code: -32602 } }])
  }
})

const indexOf = v.object({
  $schema: v.literal('https://schemas.agentskills.io/discovery/0.2.0/schema.json'),
  skills: v.array(
    v.object({
      name: v.string(),
      type: v.picklist(['skill-md', 'archive']),
      description: v.string(),
      url: v.string(),
      digest: v.pipe(v.string(), v.regex(/^sha256:[\da-f]{64}$/)),
    }),
  ),
})

test('the well-known index names each skill, and what it links to has the digest that it names [Y-03]', async () => {
  const url = `${stack.url}/.well-known/agent-skills/index.json`
  const answer = await send(url, { headers: { origin: 'https://app.example' } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  const { skills } = v.parse(indexOf, await answer.json())
  expect(skills.map(({ name, type }) => [name, type])).toEqual([
    ['connect-a-client', 'archive'],
    ['write-a-question', 'skill-md'],
  ])
  for (const { type, url: path, digest } of skills) {
    const artifact = await send(new URL(path, url))
    const bytes = Buffer.from(await artifact.arrayBuffer())
    expect(artifact.headers.get('content-type')).toMatch(type === 'archive' ? 'application/gzip' : 'text/markdown')
    expect(`sha256:${hash('sha256', bytes, 'hex')}`).toBe(digest)
    if (type === 'skill-md') expect(bytes).toEqual(fileOf('write-a-question/SKILL.md'))
    const etag = artifact.headers.get('etag') ?? ''
    expect((await send(new URL(path, url), { headers: { 'if-none-match': etag } })).status).toBe(304)
    const head = await send(new URL(path, url), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
  }
  const known = await send(url, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })
  expect(known.status).toBe(304)
})

test('the card of the server promises resources', async () => {
  const card = await send(`${stack.url}/.well-known/mcp/server-card.json`)
  expect(await card.json()).toMatchObject({ capabilities: { tools: true, resources: true, prompts: false } })
})

test.each(['x.json', 'write-a-question', 'write-a-question.tar.gz', '..%2fpackage.json', 'connect-a-client/SKILL.md'])(
  'there is no %s beside the index',
  async (path) => {
    const answer = await send(`${stack.url}/.well-known/agent-skills/${path}`)
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'not_found' }])
  },
)

test('other methods than GET and HEAD: 405', async () => {
  const answer = await send(`${stack.url}/.well-known/agent-skills/index.json`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
})
