import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Brand, defaultBrand, sharedByReaders } from '../../pages/brand.ts'
import { htmlResponse } from '../../pages/html-response.ts'
import type { Page } from '../../pages/layout.ts'
import { errorKinds } from '../errors.ts'
import { type ConsentPageInput, consentPage } from './consent.ts'
import { errorPage } from './error.ts'
import { returnPage } from './return.ts'

const consent: ConsentPageInput = {
  brand: { ...defaultBrand, shared: sharedByReaders(defaultBrand.name, defaultBrand.answerService) },
  client: { name: 'Claude', verifiedHost: 'claude.ai' },
  redirectUri: 'https://claude.ai/api/mcp/auth_callback',
  scopes: ['docs:read', 'docs:feedback'],
  scopeTexts: { 'docs:read': 'Read the documentation', 'docs:feedback': 'Send feedback' },
  action: '/oauth/authorize',
  hiddenFields: { request: 'sealed' },
}

/** The text that the user reads: without markup, in one line. */
function textOf(page: Page): string {
  const body = page.html.slice(page.html.indexOf('<body>'))
  return body
    .replace(/<wbr>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
}

describe('with texts of the operator [F-004-21]', () => {
  const brand: Brand = {
    ...defaultBrand,
    logoUrl: 'https://cdn.example/logo;v=2.svg',
    background: ['#0b3d91', '#1f6feb'],
    texts: {
      consentTitle: 'Let {app} read {product} & more {x}',
      consentMessage: 'Use your <support> account.',
      approveButton: 'Sign in and connect',
      cancelButton: 'Not now',
      finishedTitle: 'You are connected',
      finishedMessage: 'Ask your first question.',
      errorMessage: 'Write to docs-help.',
    },
  }

  test('the consent page says them, and what is verified stays in the headline and in the list', () => {
    const page = consentPage({ ...consent, brand })
    const text = textOf(page)
    expect(text).toContain('Let claude.ai read Redpanda documentation &amp; more {x}')
    expect(text).toMatch(/Published by claude\.ai verified/)
    expect(text).toContain('Sign in and connect Not now')
    expect(page.html).toContain('<p>Use your &lt;support&gt; account.</p>')
  })

  test('a client cannot write into the headline', () => {
    const page = consentPage({ ...consent, brand, client: { name: '{product}', verifiedHost: '{product}.example' } })
    expect(textOf(page)).toContain('Let {product}.example read Redpanda documentation')
  })

  test('the pages of the end and of an error say them', () => {
    const finished = textOf(returnPage({ brand, outcome: 'finished' }))
    expect(finished).toContain('You are connected Ask your first question.')
    expect(textOf(returnPage({ brand, outcome: 'canceled' }))).toContain('You canceled the sign-in')
    for (const kind of errorKinds) {
      expect(textOf(errorPage({ brand, kind, requestId: 'r' }))).toContain('Write to docs-help.')
    }
  })

  test('the content security policy allows the logo and no other image', () => {
    const { headers } = htmlResponse(consentPage({ ...consent, brand }), { status: 200 })
    expect(headers.get('content-security-policy')).toContain('; img-src data: https://cdn.example/logo%3Bv=2.svg; ')
  })
})

describe('consent', () => {
  test('a client with a metadata document: its verified host first, then its own name as a claim [C-03 C-04 M-15]', () => {
    const text = textOf(consentPage(consent))
    expect(text).toContain('Connect claude.ai to Redpanda documentation')
    expect(text).toMatch(/Published by claude\.ai verified Calls itself Claude not verified Sends you to claude\.ai/)
    expect(text).not.toContain('Continue only')
  })

  test('a client that registered itself: the headline is the destination of the answer, and nothing is called verified [C-03 C-04]', () => {
    const text = textOf(consentPage({ ...consent, client: { name: 'Claude' }, redirectUri: 'https://evil.example/cb' }))
    expect(text).toContain('Connect evil.example to')
    expect(text).not.toMatch(/(?<!not )verified (?!this)/)
    expect(text).toContain('This app is not verified. Continue only if you know this address')
  })

  test.each(['http://127.0.0.1:3334/cb', 'http://localhost/cb', 'http://[::1]:80/cb'])(
    '%s: an app on this computer, with the warning that any program can pose as the client [C-05 C-03]',
    (redirectUri) => {
      const text = textOf(consentPage({ ...consent, redirectUri }))
      expect(text).toContain(`Sends you to an app on this computer at ${new URL(redirectUri).host} Full address`)
      expect(text).toContain('Any program on this computer can pose as claude.ai')
      expect(text).toMatch(/Published by claude\.ai Calls itself/)
      expect(textOf(consentPage({ ...consent, client: {}, redirectUri }))).toContain(
        'Connect an app on this computer to',
      )
    },
  )

  test.each([
    'http://localhost.evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'https://claude.ai@evil.example/cb',
  ])('%s is not mistaken for the host at its beginning', (redirectUri) => {
    const text = textOf(consentPage({ ...consent, redirectUri }))
    expect(text).toMatch(/Sends you to (\S+\.)?evil\.example Full/)
    expect(text).toContain('You will be sent to a different address')
  })

  test('a private-use scheme: the page names it, and warns that any app can claim it [C-05 A-20]', () => {
    const text = textOf(
      consentPage({
        ...consent,
        client: { name: 'Cursor' },
        redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
      }),
    )
    expect(text).toContain('Sends you to the app for cursor:// links')
    expect(text).toContain('Any app on this device can claim these links')
    expect(text).toContain('cursor://anysphere.cursor-mcp/oauth/callback')
  })

  test('says before the button what is shared and with whom, and promises nothing about the storage of questions', () => {
    const text = textOf(consentPage(consent))
    const button = text.indexOf('Continue with Redpanda Cloud')
    for (const told of [
      'Email address and organization',
      'Usage',
      'Kapa answers them',
      'Read the documentation',
      'Send feedback',
    ]) {
      expect(text.indexOf(told)).toBeGreaterThan(0)
      expect(text.indexOf(told)).toBeLessThan(button)
    }
    expect(text).not.toMatch(/stor|never|keep/i)
    expect(consentPage(consent).html).toContain('href="https://www.redpanda.com/legal/privacy-policy"')
    expect(consentPage(consent).html).toContain('href="https://cloud.redpanda.com/sign-up"')
  })

  test('is a form that posts the hidden fields, with approve first and cancel second', () => {
    const { html } = consentPage({ ...consent, hiddenFields: { request: 'eyJ.x', csrf: 'a"b' } })
    expect(html).toContain('<form class="actions" method="post" action="/oauth/authorize">')
    expect(html).toContain('<input type="hidden" name="request" value="eyJ.x">')
    expect(html).toContain('<input type="hidden" name="csrf" value="a&quot;b">')
    expect(html.indexOf('name="action" value="approve"')).toBeLessThan(html.indexOf('name="action" value="cancel"'))
  })

  test('the redirect URI is shown whole, in ASCII [C-03]', () => {
    const { html } = consentPage({ ...consent, redirectUri: 'https://claude.ai/cb?x=\u202e&y=1' })
    expect(html).toContain('https://claude.ai/cb?x=%E2%80%AE&amp;y=1')
  })

  test('a long host: the headline shows its end, which identifies the owner, in one piece; the rest of the page shows all of it', () => {
    const host = `${'accounts.google.com.'.repeat(3)}evil.example`
    const page = consentPage({ ...consent, client: {}, redirectUri: `https://${host}/cb` })
    expect(textOf(page)).toContain('Connect …com.accounts.google.com.evil.example to')
    expect(textOf(page)).toContain(`Sends you to ${host} Full address`)
    expect(page.html).toContain('com.<wbr>evil.example</b>')
    const short = consentPage({ ...consent, client: {}, redirectUri: 'https://agents.docs.example/cb' })
    expect(textOf(short)).toContain('Connect agents.docs.example to')
  })

  test('links that the brand does not have are omitted', () => {
    const { name, productName, accentColor, provider } = defaultBrand
    const { html } = consentPage({ ...consent, brand: { name, productName, accentColor, provider } })
    expect(html).not.toContain('<a ')
    expect(html).not.toContain('<footer')
  })
})

describe('errors', () => {
  test.each(errorKinds)('%s: says what happened, what to do, and the details for support and developers', (kind) => {
    const page = errorPage({
      brand: { ...defaultBrand, supportUrl: 'https://support.example/' },
      kind,
      requestId: 'r-123',
      error: { code: 'invalid_request', description: 'redirect_uri is missing' },
    })
    const text = textOf(page)
    expect(text).toMatch(/\S.{20,} What to do .{12,} Error/)
    expect(text).toContain('Error invalid_request : redirect_uri is missing')
    expect(text).toContain('Request ID r-123')
    expect(page.html).toContain('href="https://support.example/"')
  })

  test('unknown client: what to do in which app is a list [R-13]', () => {
    const { html } = errorPage({ brand: defaultBrand, kind: 'unknown-client', requestId: 'r' })
    expect(html).toContain('remove this connector and add it again:</p>\n<ul')
    expect(html.match(/<li>/g)).toHaveLength(2)
    expect(html).toContain('.mcp-auth')
  })

  test('no two kinds have the same text', () => {
    const pages = errorKinds.map((kind) => textOf(errorPage({ brand: defaultBrand, kind, requestId: 'r' })))
    expect(new Set(pages).size).toBe(errorKinds.length)
  })
})

describe('return', () => {
  test('to an app: the button names the scheme, and carries the whole answer [A-20]', () => {
    const location = 'warp://mcp/oauth2callback?error=access_denied&state=s'
    const page = returnPage({ brand: defaultBrand, outcome: 'canceled', location })
    expect(textOf(page)).toMatch(/You canceled .* Open the app for warp:\/\/ links .* only if you came from there/)
    expect(page.html).toContain('class="button quiet" href="warp://mcp/oauth2callback?error=access_denied&amp;state=s"')
  })

  test('without a link: the user is told to go back to the app, and nothing can be opened', () => {
    const page = returnPage({ brand: defaultBrand, outcome: 'failed', requestId: 'r' })
    expect(textOf(page)).toMatch(/did not work .* go back to your app/)
    expect(page.html).not.toMatch(/class="button|<form/)
  })

  test('to an untrusted host: by its host, never by the client’s own name, and not as the primary button [A-17]', () => {
    const page = returnPage({
      brand: defaultBrand,
      outcome: 'canceled',
      location: 'https://evil.example/cb?error=access_denied',
    })
    expect(textOf(page)).toMatch(/You canceled .* Go back to evil\.example .* only if you know this address/)
    expect(page.html).toContain('class="button quiet"')
  })

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'JavaScript:alert(1)',
    'java\nscript:alert(1)',
    'file:///etc/passwd',
    'no URL',
  ])('%j is refused', (bad) => {
    expect(() => returnPage({ brand: defaultBrand, outcome: 'failed', location: bad })).toThrow(TypeError)
    expect(() => errorPage({ brand: { ...defaultBrand, privacyUrl: bad }, kind: 'expired', requestId: 'r' })).toThrow(
      TypeError,
    )
  })
})

describe('every page', () => {
  const attack = `"'><script>alert(1)</script></style><img src=x onerror=alert(1)>&amp;`
  const link = 'https://evil.example/?"><script>alert(1)</script>'
  const brand: Brand = {
    name: attack,
    productName: attack,
    accentColor: attack,
    provider: attack,
    shared: [{ icon: 'mail', what: attack, how: attack }],
    signupUrl: link,
    privacyUrl: link,
    documentationUrl: link,
    supportUrl: link,
  }
  const error = { code: attack, description: attack }
  const hostile = {
    consent: consentPage({
      brand,
      client: { name: attack, verifiedHost: attack },
      redirectUri: link,
      scopes: [attack],
      action: attack,
      hiddenFields: { [attack]: attack },
    }),
    error: errorPage({ brand, kind: 'unexpected', requestId: attack, error }),
    return: returnPage({ brand, outcome: 'failed', location: link, requestId: attack, error }),
  }

  test.each(Object.entries(hostile))('%s: hostile text stays text [C-04 A15]', (_, { html }) => {
    expect(html).not.toMatch(/<script|<img/)
    expect(html.match(/<\/style>/g)).toHaveLength(1)
    // All attributes are quoted and contain nothing that would end them.
    for (const [tag] of html.slice(html.indexOf('<body>')).matchAll(/<[a-z][^>]*>/g)) {
      expect(tag).toMatch(/^<[a-z][a-z0-9]*(?: [a-zA-Z-]+(?:="[^"<>]*")?)*\/?>$/)
    }
  })

  test.each(Object.entries(hostile))('%s: nothing is fetched and nothing runs [C-04 M-19 A15]', (_, { html }) => {
    expect(html).not.toMatch(/<script| style="| on[a-z]+="|@import|url\(|<iframe|<link (?!rel="icon" href="data:)/)
  })

  test.each(Object.entries(hostile))('%s: its headers allow only its own style [A-18]', async (_, page) => {
    const response = htmlResponse(page, { status: 400, headers: { 'set-cookie': 'a=b', 'cache-control': 'public' } })
    const style = /<style>([\s\S]*)<\/style>/.exec(await response.text())?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(response.status).toBe(400)
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-language': 'en',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; frame-ancestors 'none'; base-uri 'none'`,
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      'referrer-policy': 'same-origin',
      'set-cookie': 'a=b',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
  })

  test('brands with different accents have styles of their own', () => {
    const [one, other] = ['#123456', '#654321'].map((accentColor) =>
      errorPage({ brand: { ...defaultBrand, accentColor }, kind: 'expired', requestId: 'r' }),
    )
    expect(one?.style.hash).not.toBe(other?.style.hash)
    expect(one?.html).toContain('--button:#123456')
  })
})

describe('addresses and links of a page', () => {
  const document = 'https://clients.example/~mallory/claude.json'

  test('the page shows the URL of the document on demand, since many sites can share a host [C-03 M-15]', () => {
    const page = consentPage({ ...consent, client: { name: 'Claude', verifiedHost: 'clients.example', document } })
    expect(page.html).toContain(`<details><summary>Document</summary><code>${document}</code></details>`)
    expect(consentPage(consent).html).not.toContain('Document')
  })

  test('no link sends a referrer [A-18]', () => {
    const brand = { ...defaultBrand, supportUrl: 'https://help.example/', documentationUrl: 'https://docs.example/' }
    const location = 'https://app.example/callback?code=secret'
    const all: Page[] = [
      consentPage({ ...consent, brand }),
      returnPage({ brand, outcome: 'failed', location, requestId: '1', error: { code: 'server_error' } }),
      errorPage({ brand, kind: 'unexpected', requestId: '1' }),
    ]
    for (const { html } of all) {
      const links = html.match(/<a\b[^>]*>/g) ?? []
      expect(links.length).toBeGreaterThan(2)
      for (const link of links) expect(link).toContain(' referrerpolicy="no-referrer"')
    }
  })

  test('a badge in the name is removed [C-04]', () => {
    const client = { name: '✓ verified Claude ✅', verifiedHost: 'claude.ai' }
    expect(textOf(consentPage({ ...consent, client }))).toContain('Calls itself Claude not verified')
  })
})
