/** The names, links and color of every page. They are settings, which are checked where they are read; the pages escape them as well. */
export interface Brand {
  /** The organization that runs the service and receives what the user shares. */
  readonly name: string
  /** The product that the user signs in to. */
  readonly productName: string
  /** `#rgb` or `#rrggbb`. Anything else counts as a neutral gray. */
  readonly accentColor: string
  /** The OpenID Provider, by the name that users know. */
  readonly provider: string
  /** The service that answers the questions. */
  readonly answerService: string
  readonly signupUrl?: string
  readonly privacyUrl?: string
  readonly documentationUrl?: string
  readonly supportUrl?: string
}

export const defaultBrand: Brand = {
  name: 'Redpanda',
  productName: 'Redpanda documentation',
  accentColor: '#e24328',
  provider: 'Redpanda Cloud',
  answerService: 'Kapa',
  signupUrl: 'https://cloud.redpanda.com/sign-up',
  privacyUrl: 'https://www.redpanda.com/legal/privacy-policy',
}
