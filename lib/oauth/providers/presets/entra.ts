import { ProviderError } from '../provider.ts'
import { authority, template } from './entra-issuer.ts'
import type { Preset } from './preset.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Microsoft Entra ID. With one tenant, its metadata names that tenant. With several, the metadata of `organizations` names a
 * template as the issuer, and each ID token is from the issuer with its own `tid`, which must be on the operator's list (N6). Keys
 * of the shared set may name the issuer that they sign for. `email` is what an administrator typed: it counts only beside the
 * optional claim `xms_edov`, as a boolean, which says that the tenant owns the domain. `preferred_username` and `upn` never count.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * @see https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens (validating the issuer, signing keys of one issuer)
 */
export const preset: Preset = {
  label: 'Microsoft',
  issuer: authority,
  organization: { id: 'tid' },
  isVerified: ({ xms_edov: isDomainOwned }) => isDomainOwned === true,
  remedy:
    'Microsoft did not say that your organization owns the domain of your email address. Ask the operator of this service to add the optional claims email and xms_edov to its application, or ask your administrator to verify the domain.',
  oddities({ issuer: at = authority, organizations = [] }) {
    const tenants = organizations === 'any' ? null : organizations
    const of = (tenant: string) => `${at}/${tenant}/v2.0`
    const [only] = tenants?.length === 1 ? tenants : []
    return {
      discovery: of(only ?? 'organizations'),
      issuerOf({ tid }) {
        if (typeof tid !== 'string' || !uuid.test(tid))
          throw new ProviderError('invalid', 'the ID token names no tenant')
        if (tenants?.includes(tid) === false) {
          throw new ProviderError('unsuitable', 'the tenant may not sign in here', {
            code: 'organization_not_allowed',
            remedy:
              'Sign in with an account of an organization that this service knows, or ask its operator to add yours.',
          })
        }
        return of(tid)
      },
      mayKeySign: (named, issuer) => named === issuer || named === of(template),
      errorOf,
    }
  },
}

/**
 * Returns the standard code of an error. Entra says what happened by a number in the description.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
function errorOf(code: string, description: string): string {
  const [, number = ''] = /AADSTS(\d{4,8})/.exec(description) ?? []
  return words.get(number) ?? code
}

const words = new Map<string, string>(
  Object.entries({
    access_denied: ['50105', '65004', '90094', '50020', '50034', '50057', '53000', '53001', '53003', '50126', '50053'],
    consent_required: ['65001'],
    interaction_required: ['50074', '50076', '50079', '50055', '50144', '16000', '16001'],
    login_required: ['50058', '70046'],
    invalid_grant: ['54005', '70000', '70008', '501481', '9002313'],
    redirect_uri_mismatch: ['50011', '500112'],
    invalid_client: ['7000215', '7000222', '7000218', '700016', '7000112', '650052'],
    temporarily_unavailable: ['90033', '50196'],
  }).flatMap(([word, numbers]) => numbers.map((number) => [number, word] as const)),
)
