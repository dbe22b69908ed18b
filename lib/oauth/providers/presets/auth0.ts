import { type Preset, saysVerified } from './preset.ts'

/**
 * Auth0. Its issuer ends in a slash. A user who signs in through an organization has `org_id`, and `org_name` if the tenant says so.
 * A public client needs PKCE and no secret. It refuses codes with 403.
 *
 * @see https://auth0.com/docs/manage-users/organizations/using-tokens
 */
export const preset: Preset = {
  label: 'Auth0',
  organization: { id: 'org_id', name: 'org_name' },
  isVerified: saysVerified,
  remedy:
    'Open the message with which your account asks you to verify your email address, follow its link, and start again.',
}
