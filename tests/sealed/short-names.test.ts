import { describe, expect, test } from 'vitest'
import { SealedSession, sessionNames } from '../../lib/account/session.ts'
import {
  confirmationNames,
  outcomeNames,
  SealedConfirmation,
  SealedOutcome,
  SealedTransaction,
  transactionNames,
} from '../../lib/oauth/authorization/sealed-transaction.ts'
import type { WireNames } from '../../lib/oauth/keys/wire-names.ts'
import { PushedRequest, pushedNames } from '../../lib/oauth/par/request-uri.ts'
import { AuthorizationCode, codeNames } from '../../lib/oauth/token/authorization-code.ts'
import { Person, personNames } from '../../lib/oauth/token/person.ts'
import { RefreshToken, refreshTokenNames } from '../../lib/oauth/token/refresh-token.ts'

/**
 * The short names in values that live clients and browsers hold. A member may be added. A short name that changes, or that
 * two members share, loses what earlier releases have sealed.
 */
const request = { c: 'clientHash', cn: 'clientName', ch: 'verifiedHost', i: 'registeredAt', ci: 'clientId' }
const rest = {
  p: 'codeChallenge',
  lo: 'leftOut',
  m: 'authenticationMethods',
  ju: 'jwksUri',
  bk: 'boundTo',
  rt: 'usesRefreshTokens',
  ac: 'attempt',
}
const ofRequest = {
  ...request,
  ...rest,
  ad: 'addable',
  pi: 'pushedId',
  redirect_uri: 'redirectUri',
  us: 'loginState',
  exp: 'expiresAt',
}
const confirmation = { ...ofRequest, u: 'person', g: 'grantKey', end: 'grantEnd', ap: 'approvedAt' }

describe.each<[string, WireNames, { readonly entries: object }, object]>([
  [
    'a transaction',
    transactionNames,
    SealedTransaction,
    { ...ofRequest, un: 'nonce', uv: 'codeVerifier', ap: 'approvedAt', gi: 'grantId', pr: 'providerId', n: 'repeats' },
  ],
  ['a confirmation', confirmationNames, SealedConfirmation, confirmation],
  ['an outcome', outcomeNames, SealedOutcome, { ...confirmation, id: 'codeId', at: 'codeIssuedAt' }],
  [
    'a code',
    codeNames,
    AuthorizationCode,
    {
      ...{ g: 'grant', c: 'clientHash', r: 'redirectUriHash', rh: 'redirectHost', cn: 'clientName', ch: 'clientHost' },
      ...{ ...rest, u: 'person', exp: 'expiresAt', end: 'endsAt', ap: 'approvedAt' },
    },
  ],
  [
    'a refresh token',
    refreshTokenNames,
    RefreshToken,
    {
      ...{ g: 'grant', n: 'generation', v: 'version', c: 'clientHash', cn: 'clientName', m: 'authenticationMethod' },
      ...{ ju: 'jwksUri', rh: 'redirectHost', lo: 'leftOut', u: 'person', r: 'carried' },
      ...{ iat: 'createdAt', rat: 'rotatedAt', exp: 'expiresAt', end: 'endsAt' },
    },
  ],
  [
    'a session',
    sessionNames,
    SealedSession,
    {
      ...{ u: 'person', iss: 'provider', iat: 'startedAt', at: 'signedInAt', exp: 'expiresAt', adm: 'adminUntil' },
      ...{ beg: 'begunAt', sid: 'providerSession' },
    },
  ],
  ['a pushed request', pushedNames, PushedRequest, { i: 'id', c: 'clientHash', p: 'parameters', exp: 'expiresAt' }],
  [
    'a person',
    personNames,
    Person,
    { ev: 'emailVerified', oi: 'organizationId', on: 'organizationName', rm: 'roleMarks', pv: 'provider' },
  ],
])('%s', (_what, names, { entries }, expected) => {
  const shortNameOf = (name: string) => {
    const short = names[name] ?? name
    return typeof short === 'string' ? short : short[0]
  }

  test('keeps its short names', () => {
    const found = Object.keys(names).map((name) => [shortNameOf(name), name])
    expect(Object.fromEntries(found)).toEqual(expected)
  })

  test('has no two members of one name, and renames only members that it has', () => {
    const members = Object.keys(entries)
    expect(new Set(members.map(shortNameOf)).size).toBe(members.length)
    expect(Object.keys(names).filter((name) => !members.includes(name))).toEqual([])
  })
})
