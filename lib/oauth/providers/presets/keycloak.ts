import { type Preset, saysVerified } from './preset.ts'

/**
 * Keycloak, at `https://<host>/realms/<realm>`. From release 26 on, a realm may have organizations: the scope `organization` adds a
 * claim with the aliases, or with an object that has the id of each. It knows no `prompt=select_account`, and ignores it.
 *
 * @see https://www.keycloak.org/docs/latest/server_admin/#_managing_organizations
 */
export const preset: Preset = {
  label: 'Keycloak',
  organization: { id: 'organization' },
  isVerified: saysVerified,
  remedy: 'Verify your email address in your account there, or ask its administrator. Then start again.',
}
