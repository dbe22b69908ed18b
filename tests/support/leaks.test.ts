import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { findLeaks } from './leaks.ts'

const random = (bytes = 32) => randomBytes(bytes).toString('base64url')
const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
const leaksIn = (line: object, ...secrets: string[]) =>
  findLeaks([{ line: JSON.stringify(line), test: 'a test' }], secrets).map(({ what, line }) => ({ what, line }))

test.each([
  ['an email address', { error: 'unknown reader: ada@example.com' }],
  ['a token, code or sealed value', { detail: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln' }],
  ['a token, code or sealed value', { detail: `it is eyJ${'a'.repeat(60)}` }],
  ['a token, code or sealed value', { detail: 'eyJhIjoiYiJ9abc.' }],
  ['a cookie', { header: `a=1; __Host-browser=${random(16)}` }],
  ['a cookie', { header: `tx.lx2k.${random(8)}=${random(16)}` }],
  ['a random value', { reason: `no such key: ${'aB3'.repeat(20)}` }],
  ['a private key', { key: '-----BEGIN PRIVATE KEY-----' }],
])('%s is found by its form, and the report does not repeat it', (what, fields) => {
  const [leak] = leaksIn({ event: 'failed', ...fields })
  expect(leak).toEqual({ what, line: expect.stringContaining(`‹${what}›`) })
  expect(leak?.line).not.toContain(Object.values(fields)[0])
})

test('a recorded secret is found whole, by its beginning and by its end, and the report does not repeat it', () => {
  const secret = random()
  const what = 'what a test has seen as a secret'
  for (const part of [secret, secret.slice(0, 24), secret.slice(-24)]) {
    expect(leaksIn({ event: 'failed', error: `it is ${part}!` }, random(), secret)).toMatchObject([{ what }])
    expect(JSON.stringify(leaksIn({ error: part }, secret))).not.toContain(secret.slice(2, 22))
  }
  expect(leaksIn({ error: 'correct horse battery' }, 'correct horse')).toMatchObject([{ what }])
})

test('a hash that begins as a token does is no token', () => {
  const client = `eyJ${hash('client').slice(3)}`
  expect(leaksIn({ client, sub: `u_${client}`, other: `${hash('other').slice(0, 10)}-eyJ${'a'.repeat(29)}` })).toEqual(
    [],
  )
})

test('allowed values pass: hashes of clients and users, keys of grants, ids of requests', () => {
  const line = {
    event: 'grant_revoked',
    requestId: 'c955431a-2be9-4821-835d-d3e7e12a40cf',
    client: hash('client'),
    sub: `u_${hash('person')}`,
    grant: `grants/202705/u_${hash('person')}/${random(16)}`,
    error: 'Error: at file:///var/task/lib/oauth/clients/metadata-documents.ts:39:48',
    domain: 'analytical-engines.example',
  }
  expect(leaksIn(line, random(), random())).toEqual([])
})
