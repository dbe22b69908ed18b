import { type Preset, saysVerified } from './preset.ts'

/**
 * Okta: the org authorization server (`https://<name>.okta.com`) or a custom one (`…/oauth2/<id>`). It has no claim for the
 * organization, because one Okta org is one company: the settings name it, or a groups claim does. `prompt` knows no
 * `select_account`. A user that an administrator made is verified.
 *
 * @see https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/OrgAS/
 * @see https://developer.okta.com/docs/guides/customize-tokens-groups-claim/
 */
export const preset: Preset = {
  label: 'Okta',
  prompts: { select_account: 'login' },
  isVerified: saysVerified,
  remedy: 'Ask the administrator of your Okta account to verify your primary email address. Then start again.',
}
