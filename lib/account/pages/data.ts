import { accountPaths } from '../../oauth/capabilities.ts'
import type { Person } from '../../oauth/token/person.ts'
import type { DocsBrand } from '../../pages/brand.ts'
import { cross, tick } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html, link } from '../../pages/markup.ts'
import { type AccountPageInput, hidden, identity, pathsOfAccount } from './account.ts'
import { accountRules } from './style.ts'

interface DataPageInput extends Pick<AccountPageInput, 'provider'> {
  readonly brand: DocsBrand
  readonly person: Person
  /** The sealed form of the button. */
  readonly form: string
}

/** Makes the page on which the person can download all data that is stored about them. */
export function downloadPage({ brand, provider, person, form }: DataPageInput): Page {
  const content = html`<h1 class="strong">Download your data</h1>
${identity(person, { brand, provider })}
<h2>What is in the file</h2>
<ul>
<li>${tick}<span>Who you are to ${brand.name}: what ${brand.provider} told us when you signed in</span></li>
<li>${tick}<span>Which apps you have connected, and when</span></li>
<li>${tick}<span>When, how often and through which app you asked, as far as it is kept. Your questions are not kept here</span></li>
</ul>
<form class="actions" method="post" action="${pathsOfAccount.download}">${hidden(form)}
<button class="primary">Download (JSON)</button>
</form>
<p class="after"><a href="${accountPaths.account}">Back to your account</a></p>`
  return layout(brand, 'Download your data', content, accountRules)
}

/**
 * Makes the page that asks whether to delete all data about the person. The person must tick the box first. `removal`: by when
 * the data has been removed, in words.
 */
export function deletePage({
  brand,
  provider,
  person,
  form,
  removal,
}: DataPageInput & { readonly removal: string }): Page {
  const content = html`<h1 class="strong">Delete your data</h1>
${identity(person, { brand, provider })}
<h2>What happens</h2>
<ul>
<li>${cross}<span>Every app is disconnected at once, and you are signed out in every browser</span></li>
<li>${cross}<span>What ${brand.name} holds here on you is removed ${removal}. You cannot sign in until it is done</span></li>
<li>${tick}<span>Totals stay, such as how often a tool was used on a day. They do not name you</span></li>
</ul>
<p class="warn">This cannot be undone. It does not delete what ${brand.provider}, ${brand.answerService} and other systems hold on you${brand.privacyUrl !== undefined && html`: ${link(brand.privacyUrl, 'privacy policy')}`}.</p>
<form method="post" action="${pathsOfAccount.delete}">${hidden(form)}
<label class="check"><input type="checkbox" name="sure" value="yes" required><span>Delete everything about me</span></label>
<p class="actions"><button class="danger">Delete my data</button></p>
</form>
<p class="after"><a href="${accountPaths.account}">Keep my data</a></p>`
  return layout(brand, 'Delete your data', content, accountRules)
}

/** Makes the page after signing out. */
export function signedOutPage(brand: DocsBrand): Page {
  const content = html`<div class="sign done">${tick}</div>
<h1 class="strong">You are signed out</h1>
<p>Your apps stay connected. In this browser, ${brand.provider} may still remember you: on a shared computer, sign out there too.</p>
<p class="actions"><a class="button quiet" href="${accountPaths.account}">Sign in again</a></p>`
  return layout(brand, 'Signed out', content)
}

/** Makes the page after a person has disconnected everything. */
export function allEndedPage(brand: DocsBrand): Page {
  const content = html`<div class="sign done">${tick}</div>
<h1 class="strong">Everything is disconnected</h1>
<p>No app can ask anything as you, and you are signed out in every browser. Your apps will ask you to sign in again.</p>
<p class="actions"><a class="button quiet" href="${accountPaths.account}">Sign in again</a></p>`
  return layout(brand, 'Disconnected', content)
}

/** Makes the page after a person has deleted their data. `removal`: by when it has been removed, in words. */
export function deletedPage(brand: DocsBrand, removal: string): Page {
  const content = html`<div class="sign done">${tick}</div>
<h1 class="strong">Your data is being deleted</h1>
<p>Every app is disconnected, and you are signed out. The rest is removed ${removal}.</p>
<p>Until then you cannot sign in. After that, you can sign in again as a new person.</p>`
  return layout(brand, 'Deleted', content)
}
