import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromJsonSchema, type JsonSchemaType } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import { repository } from '../dev/repository.ts'
import { defaultBrand } from '../lib/pages/brand.ts'
import { identity } from '../lib/service/identity.ts'
import { mcpPaths } from '../lib/settings/docs-resource.ts'

const read = (path: string) => JSON.parse(readFileSync(join(repository, path), 'utf8'))

const server = read('server.json')
const schema: JsonSchemaType & { readonly $id: string } = read('dev/registry/server.schema.json')
const problemsOf = async (document: unknown) => (await fromJsonSchema(schema)['~standard'].validate(document)).issues

describe('server.json, for the MCP registry', () => {
  test('is valid against the schema that it names, of which there is a copy', async () => {
    expect(server.$schema).toBe(schema.$id)
    expect(await problemsOf(server)).toBeUndefined()
  })

  test.each([
    ['no version', { version: undefined }],
    ['a name without a namespace', { name: 'docs-mcp' }],
    ['a description of more than 100 characters', { description: 'x'.repeat(101) }],
    ['a remote without an address', { remotes: [{ type: 'streamable-http' }] }],
    ['a transport that nobody knows', { remotes: [{ type: 'websocket', url: 'https://docs.example.com/mcp' }] }],
  ])('would not be with %s', async (_what, change) => {
    expect(await problemsOf(JSON.parse(JSON.stringify({ ...server, ...change })))).not.toBeUndefined()
  })

  test('says what the code says: the version, the name of the documentation, the path', () => {
    expect(server.version).toBe(identity.version)
    expect(server.title).toBe(defaultBrand.productName)
    expect(server.remotes.map(({ url }: { url: string }) => new URL(url).pathname)).toEqual([mcpPaths.mcp])
  })
})
