import type { Preset } from './preset.ts'

const issuer = 'https://accounts.google.com'

/**
 * Google. The ID token's issuer may lack its scheme. `hd` is the Workspace domain, and the only proof that Google speaks for an
 * address outside gmail.com: an account may have any address, which was verified only once. `prompt=login` is an error there, and
 * the ID token has no `auth_time` unless Google has approved the application for it. A web application has a secret. It knows no scope
 * `offline_access`, and gives a refresh token again only if the user consents again.
 *
 * @see https://developers.google.com/identity/openid-connect/reference
 * @see https://developers.google.com/identity/sign-in/web/backend-auth
 */
export const preset: Preset = {
  label: 'Google',
  issuer,
  needsSecret: true,
  prompts: { login: 'select_account' },
  organization: { id: 'hd' },
  isVerified: ({ email_verified: verified, hd }, email) =>
    (verified === true || verified === 'true') &&
    ((typeof hd === 'string' && hd !== '') || /@gmail\.com$/i.test(email)),
  remedy:
    'Google vouches for addresses of gmail.com and of Google Workspace only. Sign in with such an account, or ask the administrator of your domain.',
  offline: {
    parameters: (prompt) => ({
      access_type: 'offline',
      prompt: prompt === undefined ? 'consent' : 'select_account consent',
    }),
  },
  oddities: ({ issuer: own = issuer, organizations }) => ({
    issuerOf: ({ iss }) => (own === issuer && iss === 'accounts.google.com' ? iss : own),
    // The key of a person must not depend on how Google writes its issuer.
    identityOf: (identity) => ({ ...identity, issuer: own }),
    // A hint that selects the account. The claim decides.
    parameters: () => ({
      hd: Array.isArray(organizations) && organizations.length === 1 ? organizations[0] : undefined,
    }),
  }),
}
