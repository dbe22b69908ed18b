import { type Preset, saysVerified } from './preset.ts'

/**
 * Amazon Cognito. The issuer (`https://cognito-idp.<region>.amazonaws.com/<pool id>`) and the pages for users are at different
 * hosts. `email_verified` is a text for users of an identity provider behind it, and false unless the pool maps it. There is no
 * claim for organizations; `cognito:groups` or a `custom:` attribute may be one. Lambda triggers refuse with `invalid_request`.
 * Every sign-in gives a refresh token, and the scope `offline_access` is refused.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
 */
export const preset: Preset = {
  label: 'your AWS account',
  isVerified: saysVerified,
  remedy:
    'Verify your email address there. If you came through a company account, its operator must map email_verified in the user pool.',
  offline: {},
  oddities: () => ({
    errorOf: (code, description) =>
      code === 'invalid_request' && /\bfailed with error\b/.test(description) ? 'access_denied' : code,
  }),
}
