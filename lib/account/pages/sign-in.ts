import { loginPath } from '../../oauth/capabilities.ts'
import type { Brand } from '../../pages/brand.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html } from '../../pages/markup.ts'

/** Makes the page that asks a person to sign in, or to sign in again before something that cannot be undone. */
export function signInPage({
  brand,
  back,
  wanted,
}: {
  readonly brand: Brand
  /** A path of ours, to which the person returns. */
  readonly back: string
  readonly wanted: 'session' | 'recent'
}): Page {
  const recent = wanted === 'recent'
  const url = `${loginPath}?${new URLSearchParams({ return: back, ...(recent && { fresh: 'true' }) })}`
  const [title, why] = recent
    ? ['Sign in again', 'For your safety, what you are about to do needs a sign-in within the last ten minutes.']
    : ['Your account', `See which apps are connected to ${brand.productName} as you, and disconnect them.`]
  const content = html`<h1 class="strong">${title}</h1>
<p>${why}</p>
<p class="actions"><a class="button primary" href="${url}" rel="nofollow">Continue with ${brand.provider}</a></p>`
  return layout(brand, title, content)
}
