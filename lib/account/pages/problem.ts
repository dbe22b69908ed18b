import type { Brand } from '../../pages/brand.ts'
import { attention } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html } from '../../pages/markup.ts'

/** Why an account or admin page cannot be shown, or a form was refused. */
export type ProblemKind =
  | 'not-found'
  | 'not-admin'
  | 'stale-form'
  | 'forgetting'
  | 'cross-site'
  | 'not-navigated'
  | 'speculative'
  | 'invalid-request'
  | 'unavailable'
  | 'unexpected'

interface ProblemText {
  readonly status: number
  readonly title: string
  readonly happened: string
  readonly remedy: string
}

const texts: Readonly<Record<ProblemKind, ProblemText>> = {
  'not-found': {
    status: 404,
    title: 'There is no such page',
    happened: 'The address may be mistyped, or what it showed is gone.',
    remedy: 'Go back, or open your account page.',
  },
  'not-admin': {
    status: 403,
    title: 'This page is for admins',
    happened: 'The account with which you are signed in is not on the list of admins.',
    remedy: 'If you are an admin, sign out on your account page. Then sign in with the account that is on the list.',
  },
  'stale-form': {
    status: 403,
    title: 'This page was out of date',
    happened: 'You signed in again since it was loaded, or it was another page’s form. Nothing was changed.',
    remedy: 'Open the page again and repeat what you wanted to do.',
  },
  forgetting: {
    status: 403,
    title: 'Your data is being deleted',
    happened: 'You, or an admin, asked for it. That takes a while, so that nothing of it can come back.',
    remedy: 'You can sign in again when it is done. You then begin as a new person.',
  },
  'cross-site': {
    status: 403,
    title: 'We refused this request',
    happened: 'It did not come from our own page, as it should. Nothing was changed.',
    remedy: 'Open your account page and repeat what you wanted to do.',
  },
  'not-navigated': {
    status: 403,
    title: 'We refused this request',
    happened: 'It was made from within another page, not by opening this address.',
    remedy: 'Open this address in a window of its own.',
  },
  speculative: {
    status: 503,
    title: 'This page was loaded ahead of time',
    happened: 'Your browser loaded it before you opened it.',
    remedy: 'Reload this page to continue.',
  },
  'invalid-request': {
    status: 400,
    title: 'This request is not complete',
    happened: 'Something in it is missing or not allowed. Nothing was changed.',
    remedy: 'Open your account page and repeat what you wanted to do.',
  },
  unavailable: {
    status: 503,
    title: 'We cannot read your account right now',
    happened: 'Our store did not answer in time. Nothing is lost.',
    remedy: 'Wait a moment, then reload this page.',
  },
  unexpected: {
    status: 500,
    title: 'Something went wrong',
    happened: 'The fault is on our side, not in your account.',
    remedy: 'Wait a minute and try again. If it happens again, send us the request ID below.',
  },
}

/** Makes the page for a problem, and its status. */
export function problemPage({
  brand,
  kind,
  requestId,
  again = '/account',
}: {
  readonly brand: Brand
  readonly kind: ProblemKind
  readonly requestId: string
  /** The path of our page from which the person can continue. */
  readonly again?: string | undefined
}): { readonly page: Page; readonly status: number } {
  const { status, title, happened, remedy } = texts[kind]
  const content = html`<div class="sign caution">${attention}</div>
<h1 class="strong">${title}</h1>
<p>${happened}</p>
<p>${remedy}</p>
<p class="actions"><a class="button quiet" href="${again}">${again === '/account' ? 'Your account' : 'Open the page again'}</a></p>
<div class="small"><p>Request ID <code>${requestId}</code></p></div>`
  return { page: layout(brand, title, content), status }
}
