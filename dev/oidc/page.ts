import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'

const style = `
:root{color-scheme:light dark;--page:#eef1f6;--card:#fff;--text:#161b26;--muted:#566074;--line:#8a94a6;--accent:#2f4fd0}
@media(prefers-color-scheme:dark){:root{--page:#0f131b;--card:#1a202c;--text:#eef1f6;--muted:#a9b3c6;--line:#6d788c;
--accent:#8fa6ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--page);
color:var(--text);font:1rem/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;
overflow-wrap:anywhere}
main{width:100%;max-width:25rem;padding:2rem 1.75rem;background:var(--card);border-radius:1rem;
box-shadow:0 8px 30px rgb(0 0 0/.08)}
h1{margin:0 0 .25rem;font-size:1.375rem;line-height:1.3}
p{margin:0 0 1.25rem;color:var(--muted);font-size:.9375rem}
label{display:block;margin:0 0 .25rem;font-weight:600;font-size:.9375rem}
label span{color:var(--muted);font-weight:400}
input{width:100%;margin:0 0 1rem;padding:.6875rem .75rem;font:inherit;color:inherit;background:transparent;
border:1px solid var(--line);border-radius:.5rem}
button{width:100%;padding:.75rem;font:inherit;font-weight:600;border-radius:.5rem;cursor:pointer;border:1px solid var(--accent)}
button.primary{background:var(--accent);color:var(--card)}
button.plain{margin-top:.625rem;background:transparent;color:var(--text);border-color:transparent}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.error{padding:.625rem .75rem;border-left:4px solid #d1373f;color:var(--text);background:rgb(209 55 63/.1)}`

const styleSource = `sha256-${createHash('sha256').update(style).digest('base64')}`

/** Contains no `form-action`: Chromium applies it to every redirect that follows, and these end at the client. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src '${styleSource}'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** @param entered the text in a refused form; absent the first time */
export function signInPage(entered?: { readonly email: string; readonly organization: string }) {
  const error =
    entered && html`<p class="error" id="error" role="alert">Enter an email address, such as ada@example.com.</p>`
  const pointer = entered && html` aria-invalid="true" aria-describedby="error"`
  return page(
    'Sign in',
    html`<h1>Sign in</h1>
<p>The local OpenID Provider accepts any email address, without a password.</p>
${error}
<form method="post">
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="email" required autofocus
 value="${entered?.email}"${pointer}>
<label for="organization">Organization <span>(optional)</span></label>
<input id="organization" name="organization" autocomplete="organization" maxlength="100"
 value="${entered?.organization}">
<button class="primary" name="action" value="sign-in">Sign in</button>
<button class="plain" name="action" value="cancel" formnovalidate>Cancel</button>
</form>`,
  )
}

export function errorPage(message: string) {
  return page(
    'Sign-in failed',
    html`<h1>Sign-in failed</h1><p>${message}</p><p>Go back to where you came from and start again.</p>`,
  )
}

/** @param form the form of the library, without a button */
export function signOutPage(form: string) {
  const button = '<button class="primary" name="logout" value="yes">Sign out</button></form>'
  return page(
    'Sign out',
    html`<h1>Sign out</h1><p>You are signed in here. Signing out tells the application.</p>${raw(form.replace('</form>', button))}`,
  )
}

export function signedOutPage() {
  return page('Signed out', html`<h1>You are signed out</h1><p>The application knows.</p>`)
}

function page(title: string, body: ReturnType<typeof html>) {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${raw(style)}</style></head>
<body><main>${body}</main></body></html>`
}
