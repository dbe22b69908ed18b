import { describe, expect, test } from 'vitest'
import { docsScopes } from '../../settings/docs-resource.ts'
import { type MetadataRules, parseClientMetadata } from './client-metadata.ts'

const rules: MetadataRules = {
  scopes: docsScopes.all,
  privateUseUris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
  unacceptable: 'refuse',
}
const CALLBACK = 'https://client.example/cb'
const parse = (more: object, unacceptable: MetadataRules['unacceptable'] = 'refuse') =>
  parseClientMetadata({ redirect_uris: [CALLBACK], ...more }, { ...rules, unacceptable })

describe('members that a client may leave out or add', () => {
  test('redirect_uris alone are enough [R-03 T-19]', () => {
    expect(parse({})).toEqual({
      redirectUris: [CALLBACK],
      grantTypes: ['authorization_code', 'refresh_token'],
      applicationType: 'web',
    })
  })

  test('null is the same as absent [R-03 N23]', () => {
    const nulls = {
      client_name: null,
      grant_types: null,
      response_types: null,
      scope: null,
      application_type: null,
      logo_uri: null,
    }
    expect(parse(nulls)).toEqual(parse({}))
  })

  const members = ['client_name', 'grant_types', 'response_types', 'scope', 'application_type', 'logo_uri', 'jwks']
  test.each(members.flatMap((name) => [null, [], ''].map((nothing) => [name, nothing] as const)))(
    '%s: %j is the same as absent [R-03]',
    (name, nothing) => expect(parse({ [name]: nothing })).toEqual(parse({})),
  )

  test.each([
    [{ client_name: { en: 'x' } }, {}],
    [{ client_name: 7 }, {}],
    [{ scope: ['docs:read', 'openid', 7] }, { scope: 'docs:read' }],
    [{ scope: { read: true } }, {}],
    [{ scope: 7 }, {}],
    [{ application_type: 7 }, {}],
    [{ application_type: ['native'] }, {}],
    [{ grant_types: [null] }, {}],
    // A text that contains only spaces is split at its spaces.
    [{ grant_types: [''] }, {}],
    [{ response_types: ['', null] }, {}],
    [{ grant_types: ['', 'authorization_code'] }, { grantTypes: ['authorization_code', 'refresh_token'] }],
    [{ grant_types: ['authorization_code', null, 7, {}] }, { grantTypes: ['authorization_code', 'refresh_token'] }],
    [{ response_types: ['code', null, ['token']] }, {}],
    [{ response_types: [7] }, {}],
  ])('%j: a value of the wrong type is dropped where it decides nothing [R-03 R-08 R-10]', (given, expected) => {
    expect(parse(given)).toEqual({ ...parse({}), ...expected })
  })

  test('no value of the operator is dropped without a complaint', () => {
    for (const more of [{ client_name: 7 }, { scope: ['docs:read'] }, { grant_types: [] }, { response_types: [] }]) {
      const input = { redirect_uris: [CALLBACK], ...more }
      expect(parseClientMetadata(input, { ...rules, operatorsOwn: true })).toHaveProperty('error')
    }
  })

  test('unknown members, grant types, scopes and application types are ignored [R-03 R-08 R-10 T-32]', () => {
    const more = {
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code'],
      response_types: ['token', 'code'],
      scope: 'openid docs:read claudeai',
      application_type: 'spaceship',
      contacts: 'not even a list',
      ['__proto__']: { grant_types: [] },
    }
    expect(parse(more)).toEqual({
      redirectUris: [CALLBACK],
      grantTypes: ['authorization_code', 'refresh_token'],
      applicationType: 'web',
      scope: 'docs:read',
    })
  })

  test.each([
    ['both', ['authorization_code', 'refresh_token'], true, true],
    ['both, the other way round', ['refresh_token', 'authorization_code'], true, true],
    ['none', undefined, true, true],
    ['null', null, true, true],
    ['the code alone', ['authorization_code'], true, false],
    ['the code twice', ['authorization_code', 'authorization_code'], true, false],
    ['the code and implicit', ['implicit', 'authorization_code'], true, false],
    ['the code and unknown grant types', ['authorization_code', 'urn:x:y', ''], true, false],
    ['the code, and a refresh token misspelled', ['authorization_code', 'Refresh_Token'], true, false],
    ['the refresh token alone', ['refresh_token'], false, false],
    ['only unknown grant types', ['implicit'], false, false],
  ])(
    'a client that gets codes also gets refresh tokens, unless the operator configures it otherwise: %s [T-19]',
    (_what, named, own, operators) => {
      const refreshes = (rules: { operatorsOwn?: boolean }) => {
        const metadata = parseClientMetadata(
          { redirect_uris: [CALLBACK], grant_types: named },
          { scopes: docsScopes.all, privateUseUris: [], unacceptable: 'refuse', ...rules },
        )
        return 'grantTypes' in metadata && metadata.grantTypes.includes('refresh_token')
      }
      expect([refreshes({}), refreshes({ operatorsOwn: true })]).toEqual([own, operators])
    },
  )

  test('an unknown scope does not restrict the client [R-10]', () => {
    expect(parse({ scope: 'openid email' })).toEqual(parse({}))
  })

  test('a missing application type is inferred, and a given one is kept [R-07]', () => {
    expect(parse({ redirect_uris: ['http://localhost/cb'] })).toMatchObject({ applicationType: 'native' })
    expect(parse({ redirect_uris: [CALLBACK, rules.privateUseUris[0]] })).toMatchObject({ applicationType: 'native' })
    expect(parse({ redirect_uris: ['http://localhost/cb'], application_type: 'web' })).toMatchObject({
      applicationType: 'web',
    })
  })
})

describe('metadata is refused with', () => {
  test.each([
    ['not an object', 'nonsense', 'invalid_client_metadata'],
    ['an array', [], 'invalid_client_metadata'],
    ['nothing', null, 'invalid_client_metadata'],
    ['no redirect_uris', {}, 'invalid_redirect_uri'],
    ['no redirect_uris in the list', { redirect_uris: [] }, 'invalid_redirect_uri'],
    [
      'eleven redirect_uris',
      { redirect_uris: Array.from({ length: 11 }, (_, i) => `${CALLBACK}/${i}`) },
      'invalid_redirect_uri',
    ],
    ['a string of redirect_uris', { redirect_uris: CALLBACK }, 'invalid_client_metadata'],
    ['a number among redirect_uris', { redirect_uris: [CALLBACK, 7] }, 'invalid_client_metadata'],
    ['one bad redirect URI', { redirect_uris: [CALLBACK, 'javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [
      'no authorization_code',
      { redirect_uris: [CALLBACK], grant_types: ['client_credentials'] },
      'invalid_client_metadata',
    ],
    ['refresh_token alone', { redirect_uris: [CALLBACK], grant_types: ['refresh_token'] }, 'invalid_client_metadata'],
    ['no code', { redirect_uris: [CALLBACK], response_types: ['token'] }, 'invalid_client_metadata'],
    ['null redirect_uris', { redirect_uris: null }, 'invalid_redirect_uri'],
    ['an empty text of redirect_uris', { redirect_uris: '' }, 'invalid_redirect_uri'],
    ['null among redirect_uris', { redirect_uris: [CALLBACK, null] }, 'invalid_client_metadata'],
    ['an object of redirect_uris', { redirect_uris: { 0: CALLBACK } }, 'invalid_client_metadata'],
    ['a text of grant_types', { redirect_uris: [CALLBACK], grant_types: 'implicit' }, 'invalid_client_metadata'],
    ['an object of grant_types', { redirect_uris: [CALLBACK], grant_types: {} }, 'invalid_client_metadata'],
    ['a number of response_types', { redirect_uris: [CALLBACK], response_types: 7 }, 'invalid_client_metadata'],
  ])('%s [R-05 R-06 R-08]', (_what, input, error) => {
    expect(parseClientMetadata(input, rules)).toMatchObject({ error })
  })

  test('the error description names the member, and quotes no value of the client [R-05]', () => {
    const bad = parse({ redirect_uris: [CALLBACK, 'javascript:"><script>'] })
    expect(bad).toEqual({
      error: 'invalid_redirect_uri',
      description: 'redirect_uris[1] is not acceptable: characters',
    })
    expect(parse({ grant_types: 'x' })).toMatchObject({ description: 'grant_types has the wrong type' })
    expect(parse({ redirect_uris: [1] })).toMatchObject({ description: 'redirect_uris.0 has the wrong type' })
  })

  test('a redirect URI that is no longer acceptable is dropped, and refuses the client only if it was the only one', () => {
    expect(parse({ redirect_uris: [CALLBACK, 'zed:callback'] }, 'omit')).toMatchObject({ redirectUris: [CALLBACK] })
    expect(parse({ redirect_uris: ['zed:callback'] }, 'omit')).toMatchObject({ error: 'invalid_redirect_uri' })
  })
})

describe('a client’s name is one visible line', () => {
  const name = (client_name: string) => {
    const metadata = parse({ client_name })
    return 'error' in metadata ? metadata : metadata.name
  }

  test.each([
    ['  Claude\tCode \n(docs) ', 'Claude Code (docs)'],
    ['Gr\u00fc\u00dfe \u4f60\u597d', 'Gr\u00fc\u00dfe \u4f60\u597d'],
    ['\u202emoc.elgoog\u202c', 'moc.elgoog'],
    ['Goo\u200bgle\u2060\ufeff', 'Google'],
    ['a\u0000b\u001bc\u007f', 'abc'],
    ['x\u2028y', 'x y'],
    ['\u3164\u115f', undefined],
    ['\ud800lone', 'lone'],
    ['', undefined],
    [' \u200d ', undefined],
  ])('%j → %j [C-04]', (given, expected) => {
    expect(name(given)).toBe(expected)
  })

  test('of at most 200 characters, none of them cut in half', () => {
    expect(name('x'.repeat(10_000))).toBe('x'.repeat(200))
    expect(name('😀'.repeat(300))).toBe('😀'.repeat(200))
  })
})
