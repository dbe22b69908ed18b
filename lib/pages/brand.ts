/** Whose pages these are. All of it is configuration, validated where configuration is read; the pages escape it all the same. */
export interface Brand {
  /** Who runs the service and receives what a person shares. */
  readonly name: string
  /** What a person signs in to. */
  readonly productName: string
  /** `#rgb` or `#rrggbb`; anything else counts as a neutral grey. */
  readonly accentColour: string
  /** The OpenID Provider, by the name that people know. */
  readonly provider: string
  /** Who answers the questions. */
  readonly answerService: string
  readonly signupUrl?: string
  readonly privacyUrl?: string
  readonly documentationUrl?: string
  readonly supportUrl?: string
}

export const defaultBrand: Brand = {
  name: 'Redpanda',
  productName: 'Redpanda documentation',
  accentColour: '#e24328',
  provider: 'Redpanda Cloud',
  answerService: 'Kapa',
  signupUrl: 'https://cloud.redpanda.com/sign-up',
  privacyUrl: 'https://www.redpanda.com/legal/privacy-policy',
}
