import { describe, expect, test } from 'vitest'
import { defined } from '../../base/defined.ts'
import { OAuthError } from '../errors.ts'
import { parseParameters } from '../http/parameters.ts'
import { readCredentials } from './credentials.ts'

function read(form: Record<string, string>, authorization?: string) {
  const headers: HeadersInit = defined({ authorization })
  const request = new Request('https://docs.example/oauth/token', { method: 'POST', headers })
  return readCredentials(request, parseParameters(new URLSearchParams(form)))
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

function errorOf(...parameters: Parameters<typeof read>): unknown {
  try {
    return read(...parameters)
  } catch (error) {
    return error instanceof OAuthError ? error.code : error
  }
}

describe('credentials', () => {
  test('in the body: an id alone or with a secret', () => {
    expect(read({ client_id: 'web' })).toEqual({ method: 'none', id: 'web' })
    expect(read({ client_id: 'web', client_secret: '' })).toEqual({ method: 'none', id: 'web' })
    expect(read({ client_id: 'web', client_secret: 's' })).toEqual({
      method: 'client_secret_post',
      id: 'web',
      secrets: ['s'],
    })
  })

  test.each([
    ['as it is', 'web:s3cret', ['s3cret']],
    ['form-urlencoded', 'web:a%2Bb%3Ac', ['a+b:c', 'a%2Bb%3Ac']],
    ['with characters that form encoding would change', 'web:a+b', ['a b', 'a+b']],
    ['that cannot be decoded', 'web:100%', ['100%']],
    ['with a colon', 'web:a:b', ['a:b']],
    ['that is empty', 'web:', ['']],
    ['beyond ASCII', 'web:grün', ['grün']],
  ])('in the header: a secret %s [T-08]', (_what, text, secrets) => {
    expect(read({}, basic(text))).toEqual({ method: 'client_secret_basic', id: 'web', secrets })
  })

  test('in the header: an id may be encoded needlessly, and the scheme may have any case [T-08]', () => {
    expect(read({ client_id: 'web-1' }, basic('web%2D1:s').replace('Basic', 'bASIC '))).toMatchObject({ id: 'web-1' })
  })

  test.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic d2Vi',
    basic(':secret'),
    basic(''),
    `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0x61]).toString('base64')}`,
    `Basic ${Buffer.from('web:s').toString('base64')}====`,
    'basic:d2ViOnM=',
    'Basic=d2ViOnM=',
    'Bearer stale, Basic !!!',
    'Basic !!!, Bearer stale',
    'Digest username="web", Basic',
    'Bearer "never ends, Basic !!!',
  ])('in an unreadable header are invalid_client: %s [T-08]', (header) => {
    expect(errorOf({ client_id: 'web' }, header)).toBe('invalid_client')
  })

  const strays = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer stale',
    'bearer eyJhbGciOiJSUzI1NiJ9.e30.x',
    `Bearer \${API_TOKEN}`,
    'Bearer undefined',
    'Bearer one, Bearer two',
    'Bearer one,Bearer two',
    'DPoP eyJhbGciOiJFUzI1NiJ9.e30.x',
    'Negotiate YIIB==',
    'Digest username="web", realm="a, b", nonce="x", uri="/", response="y"',
    'Digest username="Basic d2ViOnM=", realm="x, Basic !!!"',
    'Token abc',
    'BasicAuth d2ViOnM=',
    'x-basic d2ViOnM=',
    'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c',
    'd2ViOnM=',
    'null',
    ', ,',
  ]
  test.each(strays)('with another scheme in the header are ignored, and the body decides: %j [T-07]', (stray) => {
    expect(read({ client_id: 'web' }, stray)).toEqual({ method: 'none', id: 'web' })
    expect(read({ client_id: 'web', client_secret: 's' }, stray)).toMatchObject({ method: 'client_secret_post' })
    const joined = { method: 'client_secret_basic', id: 'web', secrets: ['s'] }
    expect(read({}, `${stray}, ${basic('web:s')}`)).toEqual(joined)
    expect(read({ client_id: 'web' }, `${basic('web:s')}, ${stray}`)).toEqual(joined)
    expect(read({}, `${stray},${basic('web:s')},${stray}`)).toEqual(joined)
  })

  test.each<[string, Record<string, string>, string?]>([
    ['header and secret', { client_secret: 's' }, basic('web:s')],
    ['header and assertion', { client_assertion: 'x' }, basic('web:s')],
    ['secret and assertion', { client_id: 'web', client_secret: 's', client_assertion: 'x' }],
    ['secret and type of an assertion', { client_id: 'web', client_secret: 's', client_assertion_type: 'x' }],
    ['header and another client_id', { client_id: 'other' }, basic('web:s')],
    ['two that are readable', {}, `${basic('web:s')}, ${basic('web:s')}`],
    ['the credentials of two clients', {}, `${basic('web:s')}, Bearer x, ${basic('other:s')}`],
    ['one that is readable and one that is not', { client_id: 'web' }, `${basic('web:s')}, Basic !!!`],
    ['a joined header and a secret', { client_id: 'web', client_secret: 's' }, `Bearer x, ${basic('web:s')}`],
    ['a joined header and an assertion', { client_assertion: 'x' }, `${basic('web:s')}, Bearer x`],
    ['an unreadable one and a secret', { client_id: 'web', client_secret: 's' }, 'Basic !!!'],
    ['nothing', {}],
    ['only a bearer token', {}, 'Bearer x'],
    ['a secret without a client_id', { client_secret: 's' }],
  ])('%s: invalid_request [T-07]', (_what, form, header) => expect(errorOf(form, header)).toBe('invalid_request'))

  test('with an assertion need its type, and a type needs an assertion [T-09]', () => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    expect(read({ client_assertion: 'jwt', client_assertion_type })).toEqual({
      method: 'private_key_jwt',
      assertion: 'jwt',
      id: undefined,
    })
    expect(errorOf({ client_id: 'web', client_assertion: 'jwt' })).toBe('invalid_client')
    expect(errorOf({ client_id: 'web', client_assertion_type })).toBe('invalid_client')
    const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    expect(errorOf({ client_id: 'web', client_assertion: 'jwt', client_assertion_type: saml })).toBe('invalid_client')
  })
})
