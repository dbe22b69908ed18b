/** The names, links, colors and texts of every page. They are settings, which are checked where they are read; the pages escape them as well. */
export interface Brand {
  /** The organization that runs the service and receives what the user shares. */
  readonly name: string
  /** The product that the user signs in to. */
  readonly productName: string
  /** `#rgb` or `#rrggbb`. Anything else counts as a neutral gray. */
  readonly accentColor: string
  /** The OpenID Provider, by the name that users know. */
  readonly provider: string
  /** What the consent page says about what the user shares. If absent, it says nothing. */
  readonly shared?: readonly Shared[]
  readonly signupUrl?: string
  readonly privacyUrl?: string
  readonly documentationUrl?: string
  readonly supportUrl?: string
  /** An image beside the product's name. If absent, the first letter of the organization's name is there. */
  readonly logoUrl?: string
  /** What is behind the card of every page: one color, or two between which it changes, each `#rgb` or `#rrggbb`. */
  readonly background?: readonly string[]
  /** Texts in the place of ours. */
  readonly texts?: BrandTexts
}

/** One thing that the user shares. */
export interface Shared {
  readonly icon: 'mail' | 'chart' | 'chat'
  readonly what: string
  /** Who gets it, and for what. */
  readonly how: string
}

/** The brand of a documentation site whose questions are answered. */
export interface DocsBrand extends Brand {
  /** The service that answers the questions. */
  readonly answerService: string
}

/** What readers of a documentation site share with it. */
export const sharedByReaders = (name: string, answerService: string): readonly Shared[] => [
  { icon: 'mail', what: 'Email address and organization', how: `they show ${name} who uses its docs` },
  { icon: 'chart', what: 'Usage', how: 'each call: app, tool, time, result' },
  { icon: 'chat', what: 'Questions', how: `${answerService} answers them and sees your email and organization` },
]

/** Plain texts of the operator for the pages of the sign-in. */
export interface BrandTexts {
  /** The headline of the consent page. `{app}` is where the app is from, which is verified or warned of; `{product}` is the product. */
  readonly consentTitle?: string
  /** A paragraph below that headline. */
  readonly consentMessage?: string
  readonly approveButton?: string
  readonly cancelButton?: string
  /** The page after a sign-in that is finished. */
  readonly finishedTitle?: string
  readonly finishedMessage?: string
  /** A paragraph on every error page, after what to do. */
  readonly errorMessage?: string
}

export const defaultBrand: DocsBrand = {
  name: 'Redpanda',
  productName: 'Redpanda documentation',
  accentColor: '#e24328',
  provider: 'Redpanda Cloud',
  answerService: 'Kapa',
  signupUrl: 'https://cloud.redpanda.com/sign-up',
  privacyUrl: 'https://www.redpanda.com/legal/privacy-policy',
}
