import { accountPaths } from '../../../oauth/capabilities.ts'
import type { Brand } from '../../../pages/brand.ts'
import { tick } from '../../../pages/icons.ts'
import { layout, type Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { Range } from '../../../people/reports/reports.ts'
import { hidden } from '../../pages/account.ts'
import { adminPaths, pathWith, ranges } from '../query.ts'
import { adminRules } from './style.ts'

/** What every admin page needs besides its own numbers. */
export interface Frame {
  readonly brand: Brand
  /** The sealed form of the search in the head of the page. */
  readonly search: string
  /** What the admin has just done, as a sentence. */
  readonly done?: string | undefined
}

const sections = [
  ['Overview', adminPaths.overview],
  ['Companies', adminPaths.companies],
  ['People', adminPaths.people],
  ['Clients', adminPaths.clients],
  ['Tools', adminPaths.tools],
  ['Sign-ins', adminPaths.signIns],
  ['Trace', adminPaths.trace],
  ['Webhooks', adminPaths.webhooks],
  ['Audit', adminPaths.audit],
  ['Exports', adminPaths.exports],
] as const

export type Section = (typeof sections)[number][1]

/**
 * Lays out an admin page: the navigation, the search, and the page's own content.
 *
 * @param head `lead`: one sentence below the heading. `range`: shows the ranges to choose from, at this path
 */
export function adminLayout(
  frame: Frame,
  head: {
    readonly section: Section
    readonly title: string
    readonly lead?: string | Markup
    readonly range?: {
      readonly path: string
      readonly chosen: Range
      readonly keep?: Readonly<Record<string, string | undefined>>
    }
  },
  content: Markup,
): Page {
  const { brand, search, done } = frame
  const { section, title, lead, range } = head
  const here = (path: string) => path === section && html` aria-current="page"`
  const links = sections.map(([text, path]) => html`<li><a href="${path}"${here(path)}>${text}</a></li>`)
  const all = html`<a class="skip" href="#content">Skip to the content</a>
<div class="bar"><nav aria-label="Admin pages"><ul>${links}</ul></nav>
<form class="find" method="post" action="${adminPaths.search}" role="search">${hidden(search)}<input name="for" aria-label="Search: company, client, email address, or code of a sign-in" placeholder="Find…" maxlength="256" autocomplete="off" required><button>Search</button></form></div>
<div class="head" id="content"><div><h1 class="strong">${title}</h1>${lead !== undefined && html`<p class="lead">${lead}</p>`}</div>
${range && rangeSwitch(range)}</div>
${done !== undefined && html`<p class="told" role="status">${tick}<span>${done}</span></p>`}
${content}
<p class="others"><a href="${accountPaths.account}">Your account</a></p>`
  return layout(brand, `${title} · Admin`, all, adminRules)
}

function rangeSwitch({
  path,
  chosen,
  keep = {},
}: {
  readonly path: string
  readonly chosen: Range
  readonly keep?: Readonly<Record<string, string | undefined>>
}): Markup {
  const links = ranges.map((days) => {
    const name = days === 1 ? 'Today' : `${days} days`
    return html`<li><a href="${pathWith(path, { ...keep, days })}"${days === chosen.days && html` aria-current="true"`}>${name}</a></li>`
  })
  return html`<nav aria-label="Time"><ul class="days">${links}</ul></nav>`
}

/** Makes the links to the next page of a list and to its beginning. */
export function pager(next: string | undefined, first: string | undefined): Markup {
  if (next === undefined && first === undefined) return html``
  return html`<nav class="more-rows" aria-label="Pages"><span>${first !== undefined && html`<a href="${first}">To the beginning</a>`}</span>${next !== undefined && html`<a href="${next}">Next page</a>`}</nav>`
}

/** The range in words, as the end of a sentence. */
export const rangeText = ({ days }: Range): string => (days === 1 ? 'today' : `in the last ${days} days`)
