import { loginPath } from '../../oauth/capabilities.ts'
import type { Brand } from '../../pages/brand.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html } from '../../pages/markup.ts'

/** Why the person has to sign in: there is no session, or it is not recent enough. */
export type Wanted = 'session' | 'admin-session' | 'recent' | 'admin'

const texts: Readonly<Record<Wanted, (brand: Brand) => { readonly title: string; readonly why: string }>> = {
  session: ({ productName }) => ({
    title: 'Your account',
    why: `See which apps are connected to ${productName} as you, and disconnect them.`,
  }),
  'admin-session': ({ productName }) => ({
    title: 'Admin pages',
    why: `See who asks ${productName}. You need an account that is on the list of admins.`,
  }),
  recent: ({ provider }) => ({
    title: 'Sign in again',
    why: `For your safety, sign in at ${provider} once more, even if you have just done so. That counts for ten minutes.`,
  }),
  admin: () => ({
    title: 'Sign in again',
    why: 'Admin pages need a sign-in within the last hour.',
  }),
}

/** Makes the page that asks a person to sign in, or to sign in again before something that cannot be undone. */
export function signInPage({
  brand,
  back,
  wanted,
  provider,
}: {
  readonly brand: Brand
  /** The path of our page to which the person returns. */
  readonly back: string
  readonly wanted: Wanted
  /** Among several providers: the one at which the person signs in again, or `null` if the person chooses one on the next page. */
  readonly provider?: string | null | undefined
}): Page {
  const asked = { return: back, ...(wanted === 'recent' && { fresh: 'true' }), ...(provider && { provider }) }
  const url = `${loginPath}?${new URLSearchParams(asked)}`
  const { title, why } = texts[wanted](brand)
  const content = html`<h1 class="strong">${title}</h1>
<p>${why}</p>
<p class="actions"><a class="button primary" href="${url}" rel="nofollow">${provider === null ? 'Sign in' : `Continue with ${brand.provider}`}</a></p>`
  return layout(brand, title, content)
}
