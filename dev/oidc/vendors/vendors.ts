import type { Vendor } from './vendor.ts'

const invalidGrant = { status: 400, body: { error: 'invalid_grant', error_description: 'The code is not valid.' } }
const tenant = '11111111-2222-4333-8444-555555555555'

/** The tenant of the Entra stand-in's person. */
export const entraTenant = tenant

/** The shape of each provider, from the pages that its preset in `lib/oauth/providers/presets/` names. */
export const vendors = {
  auth0: {
    issuer: (origin) => `${origin}/`,
    discovery: (origin) => origin,
    authorizePath: '/authorize',
    tokenPath: '/oauth/token',
    keysPath: '/.well-known/jwks.json',
    prompts: ['login', 'select_account', 'none'],
    person: {
      sub: 'auth0|507f1f77bcf86cd799439020',
      email: 'ada@engines.example',
      email_verified: true,
      org_id: 'org_9ybsU1dN2dKfDkBi',
      org_name: 'engines',
    },
    badCode: { status: 403, body: { error: 'invalid_grant', error_description: 'Invalid authorization code' } },
  },
  google: {
    issuer: (origin) => origin,
    discovery: (origin) => origin,
    authorizePath: '/o/oauth2/v2/auth',
    tokenPath: '/token',
    keysPath: '/oauth2/v3/certs',
    sendsIss: true,
    prompts: ['select_account', 'consent', 'none'],
    isOffline: (asked) => asked.get('access_type') === 'offline' && asked.get('prompt')?.includes('consent') === true,
    refusesOfflineScope: true,
    needsSecret: true,
    person: {
      sub: '110169484474386276334',
      email: 'ada@engines.example',
      email_verified: true,
      hd: 'engines.example',
    },
    badCode: { status: 400, body: { error: 'invalid_grant', error_description: 'Malformed auth code.' } },
  },
  okta: {
    issuer: (origin) => `${origin}/oauth2/default`,
    discovery: (origin) => `${origin}/oauth2/default`,
    authorizePath: '/oauth2/default/v1/authorize',
    tokenPath: '/oauth2/default/v1/token',
    keysPath: '/oauth2/default/v1/keys',
    prompts: ['login', 'none', 'consent'],
    person: {
      sub: '00uid4BxXw6I6TV4m0g3',
      email: 'ada@engines.example',
      email_verified: true,
      groups: ['Everyone', 'engineers'],
    },
    badCode: invalidGrant,
  },
  entra: {
    issuer: (origin, { tid }) => `${origin}/${tid ?? '{tenantid}'}/v2.0`,
    discovery: (origin) => `${origin}/organizations/v2.0`,
    authorizePath: '/organizations/oauth2/v2.0/authorize',
    tokenPath: '/organizations/oauth2/v2.0/token',
    keysPath: '/organizations/discovery/v2.0/keys',
    keyMembers: (origin) => ({ issuer: `${origin}/{tenantid}/v2.0` }),
    prompts: ['login', 'select_account', 'none', 'consent'],
    person: {
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      tid: tenant,
      ver: '2.0',
      preferred_username: 'ada@engines.example',
      email: 'ada@engines.example',
      xms_edov: true,
    },
    badCode: {
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'AADSTS54005: OAuth2 Authorization code was already redeemed.',
        error_codes: [54_005],
      },
    },
  },
  cognito: {
    issuer: (origin) => `${origin}/us-east-1_EXAMPLE`,
    discovery: (origin) => `${origin}/us-east-1_EXAMPLE`,
    authorizePath: '/oauth2/authorize',
    tokenPath: '/oauth2/token',
    keysPath: '/us-east-1_EXAMPLE/.well-known/jwks.json',
    prompts: ['login', 'select_account', 'none', 'consent'],
    isOffline: () => true,
    refusesOfflineScope: true,
    person: {
      sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      email: 'ada@engines.example',
      // Users of an identity provider behind it have texts.
      email_verified: 'true',
      'cognito:username': 'ada',
      'cognito:groups': ['engineers'],
      'custom:company': 'engines',
      token_use: 'id',
    },
    badCode: { status: 400, body: { error: 'invalid_grant' } },
  },
  workos: {
    issuer: (origin) => origin,
    discovery: (origin) => origin,
    authorizePath: '/oauth2/authorize',
    tokenPath: '/oauth2/token',
    keysPath: '/oauth2/jwks',
    prompts: ['login', 'consent', 'none'],
    needsSecret: true,
    person: {
      sub: 'user_01E4ZCR3C56J083X43JQXF3JK5',
      email: 'ada@engines.example',
      email_verified: true,
      org_id: 'org_01EHZNVPK3SFK441A1RGBFSHRT',
    },
    badCode: invalidGrant,
  },
  keycloak: {
    issuer: (origin) => `${origin}/realms/docs`,
    discovery: (origin) => `${origin}/realms/docs`,
    authorizePath: '/realms/docs/protocol/openid-connect/auth',
    tokenPath: '/realms/docs/protocol/openid-connect/token',
    keysPath: '/realms/docs/protocol/openid-connect/certs',
    sendsIss: true,
    prompts: ['login', 'none', 'consent', 'select_account'],
    person: {
      sub: '8f0e5a5c-9d6c-4a44-b1a2-6c1cfa3f2a10',
      email: 'ada@engines.example',
      email_verified: true,
      organization: { engines: { id: '42c3e46f-2477-44d7-a85b-d3b43f6b31fa' } },
    },
    badCode: { status: 400, body: { error: 'invalid_grant', error_description: 'Code not valid' } },
  },
  github: {
    issuer: (origin) => origin,
    discovery: (origin) => origin,
    authorizePath: '/login/oauth/authorize',
    tokenPath: '/login/oauth/access_token',
    keysPath: '/none',
    prompts: ['select_account'],
    needsSecret: true,
    takesLowerPaths: true,
    api: true,
    person: {
      id: 583_231,
      login: 'ada',
      email: null,
      emails: [
        { email: 'ada@home.example', primary: false, verified: true },
        { email: 'ada@engines.example', primary: true, verified: true, visibility: 'private' },
        { email: '583231+ada@users.noreply.github.com', primary: false, verified: true },
      ],
    },
    // GitHub tells its errors with 200.
    badCode: {
      status: 200,
      body: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' },
    },
  },
  oidc: {
    issuer: (origin) => origin,
    discovery: (origin) => origin,
    authorizePath: '/auth',
    tokenPath: '/token',
    keysPath: '/jwks',
    sendsIss: true,
    prompts: ['login', 'none', 'consent', 'select_account'],
    person: { sub: 'ada', email: 'ada@engines.example', email_verified: true, company: 'engines' },
    badCode: invalidGrant,
  },
} as const satisfies Readonly<Record<string, Vendor>>

export type VendorName = keyof typeof vendors
