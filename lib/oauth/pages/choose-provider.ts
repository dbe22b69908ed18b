import type { Brand } from '../../pages/brand.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html } from '../../pages/markup.ts'
import { loginPath } from '../capabilities.ts'
import type { OfferedProvider } from '../providers/provider.ts'
import { addressField, rules } from './provider-buttons.ts'

/**
 * Makes the page on which a person chooses where to sign in to our own pages. A choice by name is a link. An email address is posted, so
 * that it is in no URL: not in the browser's history, and not in a log of the way here.
 */
export function chooseProviderPage(input: {
  readonly brand: Brand
  readonly providers: readonly OfferedProvider[]
  /** What `/login` was asked for. */
  readonly fields: Readonly<Record<string, string>>
  /** What the person has entered as an address, if there is no provider for it. */
  readonly address: string | undefined
}): Page {
  const { brand, providers, fields, address } = input
  const links = providers
    .filter(({ byDomainOnly }) => !byDomainOnly)
    .map(({ name = 'default', label }) => {
      const url = `${loginPath}?${new URLSearchParams({ ...fields, provider: name })}`
      return html`<a class="button primary" href="${url}" rel="nofollow" referrerpolicy="no-referrer">Continue with ${label}</a>
`
    })
  const form =
    providers.some(({ byDomainOnly }) => byDomainOnly) &&
    html`<form method="post" action="${loginPath}">
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${addressField(address)}<button class="primary">Continue with this address</button>
</form>
${links.length > 0 && html`<p class="or">or</p>`}`
  const content = html`<h1 class="strong">How do you sign in?</h1>
<p>Use the same way to sign in each time. Each way is a separate account here.</p>
<div class="actions">${form}${links}</div>`
  return layout(brand, 'Sign in', content, rules)
}
