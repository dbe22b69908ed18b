import { type Preset, saysVerified } from './preset.ts'

/**
 * WorkOS AuthKit as an OpenID Provider (WorkOS Connect), at `https://<name>.authkit.app`. An OAuth application has a secret, which
 * it sends in the body. Users who chose an organization have `org_id`, for an application that asks for one.
 *
 * @see https://workos.com/docs/reference/workos-connect/authorize
 * @see https://workos.com/docs/reference/workos-connect/token
 */
export const preset: Preset = {
  label: 'WorkOS',
  organization: { id: 'org_id' },
  prompts: { select_account: 'login' },
  isVerified: saysVerified,
  remedy:
    'Open the message with which your account asks you to verify your email address, follow its link, and start again.',
}
