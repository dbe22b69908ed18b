import type { Brand } from '../../pages/brand.ts'
import { html, type Markup } from '../../pages/markup.ts'
import type { OfferedProvider } from '../providers/provider.ts'

export interface ProviderButtonsInput {
  readonly brand: Brand
  readonly providers: readonly OfferedProvider[]
  /** The provider of the domain that the client has named. Its button comes first. */
  readonly hinted: OfferedProvider | undefined
  /** An address that the user has entered, for whose domain there is no provider. */
  readonly entered: string | undefined
}

/**
 * Makes the buttons of the consent page where there are several providers: one for each, and a field for an email address if some
 * have no button. The field comes first, because the Enter key presses the first button of a form.
 */
export function providerButtons({ brand, providers, hinted, entered }: ProviderButtonsInput): {
  readonly markup: Markup
  readonly rules?: string
} {
  const [only, ...more] = providers
  if (only && more.length === 0) {
    const words = brand.texts?.approveButton ?? `Continue with ${only.label}`
    return { markup: html`<button class="primary" name="action" value="approve">${words}</button>` }
  }
  const shown = providers.filter((each) => each === hinted || !each.byDomainOnly)
  const ordered = hinted ? [hinted, ...shown.filter((each) => each !== hinted)] : shown
  const buttons = ordered.map((each) => {
    const look = hinted === undefined || each === hinted ? 'primary' : 'quiet'
    return html`<button class="${look}" name="action" value="approve:${each.name ?? 'default'}">Continue with ${each.label}</button>
`
  })
  const asksForAddress = hinted === undefined && providers.some(({ byDomainOnly }) => byDomainOnly)
  const field = asksForAddress
    ? html`${addressField(entered)}<button class="primary" name="action" value="approve:@">Continue with this address</button>
${buttons.length > 0 && html`<p class="or">or</p>`}`
    : false
  return { markup: html`${field}${buttons}`, rules }
}

/**
 * Makes the field for an email address, of which only the domain is used. Its type is not `email`: the browser would then check
 * the address whichever button the user presses, `Cancel` too.
 */
export function addressField(entered: string | undefined): Markup {
  const problem =
    entered !== undefined &&
    html`<p class="warn" id="no-provider" role="alert">${isWhole(entered) ? 'No company sign-in is set up for that address.' : 'Enter your whole email address.'}</p>`
  const pointers = entered === undefined ? 'address-note' : 'address-note no-provider'
  return html`<label for="address">Your work email address</label>
<input class="field" id="address" name="address" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false" maxlength="254" value="${entered ?? ''}" aria-describedby="${pointers}"${entered !== undefined && html` aria-invalid="true" autofocus`}>
<p class="note" id="address-note">Only the part after the @ is used, to find your company’s sign-in.</p>
${problem}`
}

/** Whether a text looks like an email address, with something before the @ and a dot after it. */
const isWhole = (text: string) => /^\s*[^\s@]+@[^\s@]+\.[^\s@.]+\.?\s*$/.test(text)

/** The styles of the buttons and of the field. */
export const rules = `
label[for=address]{display:block;margin:0 0 .25rem;padding-top:.25rem;font-weight:600}
.field{display:block;width:100%;min-height:3rem;margin:0 0 .375rem;padding:.6875rem .75rem;border:1px solid var(--edge);
  border-radius:.625rem;background:var(--inset);color:inherit;font:inherit}
.warn+button{margin-top:.75rem}
.or{margin:.625rem 0;color:var(--muted);font-size:.875rem;text-align:center}
.button+.button{margin-top:.625rem}
button[value=cancel]{margin-top:1.25rem}
.actions form+.button{margin-top:0}
`
