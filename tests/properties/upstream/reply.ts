import fc from 'fast-check'
import { anything, few, hostileText, type Members } from '../hostile.ts'

/** One reply of an endpoint of the OpenID Provider. */
export type Reply =
  | { readonly kind: 'good' }
  /** The good answer, except for these members. */
  | { readonly kind: 'members'; readonly members: Members }
  | {
      readonly kind: 'text'
      readonly status: number
      readonly type: string
      readonly text: string
      readonly length: number
    }
  | { readonly kind: 'redirect'; readonly status: number }
  /** The connection ends before the good answer, or within it. */
  | { readonly kind: 'drop' | 'cut' }

/** A mark in all texts of the provider. Nothing of the broker holds an asterisk, so the mark shows a leak. */
export const theirWords = 'zq*9'

/** Repeats a text up to this many bytes. */
export const textOf = ({ text, length }: { readonly text: string; readonly length: number }) =>
  length > text.length && text !== '' ? text.repeat(Math.ceil(length / text.length)) : text

const text = fc.record({
  kind: fc.constant('text' as const),
  status: fc.constantFrom(200, 200, 200, 201, 204, 205, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599, 999),
  type: fc.constantFrom(
    'application/json',
    'application/json',
    'application/json; charset=utf-16',
    'application/jwk-set+json',
    'text/html',
    'application/jwt',
    '',
  ),
  text: fc.oneof(
    fc.constantFrom(
      '',
      '{}',
      '[]',
      'null',
      `${theirWords} is not JSON`,
      `{"error":"invalid_grant","error_description":"${theirWords}"}`,
      `{"error":"${theirWords}<script>"}`,
      '{"error":null}',
      `<html>${theirWords}`,
      '{"keys":[]}',
      '{"keys":[{}]}',
      '{"keys":{"length":1}}',
      '{"__proto__":{"issuer":"x"}}',
    ),
    hostileText,
    fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  ),
  // Unchanged, deeply nested, or very long.
  length: fc.constantFrom(0, 0, 0, 0, 0, 0, 20_000, 2_000_000),
})

/** @param members the members of the good answer that may be odd */
export const replies = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Reply> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant({ kind: 'good' as const }) },
    { weight: 3, arbitrary: few(2, members).map((odd) => ({ kind: 'members' as const, members: odd })) },
    { weight: 2, arbitrary: text },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('redirect' as const),
        status: fc.constantFrom(301, 302, 303, 307, 308),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'drop' as const }, { kind: 'cut' as const }) },
  )

/** URLs that never lead to another machine. */
const place = fc.oneof(
  anything,
  fc.constantFrom(
    'http://127.0.0.1:1/',
    'https://127.0.0.1:1/x',
    'javascript:alert(1)',
    'data:application/json,{}',
    '//',
    '/token',
  ),
)

export const discoveryReply = replies({
  issuer: fc.oneof(anything, fc.constantFrom('https://evil.example/', 'http://127.0.0.1/')),
  token_endpoint: place,
  jwks_uri: place,
  authorization_endpoint: place,
  authorization_response_iss_parameter_supported: fc.oneof(anything, fc.constant(true)),
  id_token_signing_alg_values_supported: fc.oneof(anything, fc.constant(['none', 'HS256'])),
  token_endpoint_auth_methods_supported: anything,
  mtls_endpoint_aliases: fc.oneof(anything, fc.constant({ token_endpoint: 'https://127.0.0.1:1/' })),
})

/** Keys that the provider publishes with its own key, or instead of it. */
const oddKey = fc.oneof(
  anything,
  fc
    .tuple(
      fc.record({ kty: fc.constantFrom('RSA', 'oct', 'EC', 'OKP', 'AKP'), kid: fc.constantFrom('key', 'other', '') }),
      few(3, {
        n: fc.oneof(anything, fc.constantFrom('AQAB', 'x'.repeat(3_000))),
        e: fc.oneof(anything, fc.constantFrom('AQ', 'AQAB')),
        k: fc.constantFrom('AAAA', ''),
        alg: fc.oneof(anything, fc.constantFrom('RS256', 'HS256', 'none', 'RS512')),
        use: fc.oneof(anything, fc.constantFrom('sig', 'enc')),
        key_ops: fc.oneof(anything, fc.constant(['verify'])),
        x5c: anything,
        crv: anything,
      }),
    )
    .map(([base, more]) => ({ ...base, ...more })),
)
/** `own` stands for the provider's own key. */
export const jwksReply = replies({
  keys: fc.oneof(anything, fc.array(fc.oneof(oddKey, fc.constant('own')), { maxLength: 4 })),
  other: anything,
})

export const tokenReply = replies({
  access_token: anything,
  token_type: fc.oneof(anything, fc.constantFrom('bearer', 'DPoP', 'N_A', 'mac')),
  expires_in: fc.oneof(anything, fc.constantFrom(-1, '3600', 1e300)),
  refresh_token: anything,
  scope: anything,
  id_token: anything,
  error: fc.oneof(anything, fc.constant(theirWords)),
})
