import { describe, expect, test } from 'vitest'
import { siteOf } from './site.ts'

const production = { context: 'production', siteName: 'docs', siteUrl: 'https://docs.example' }
const preview = { context: 'deploy-preview', siteName: 'docs', siteUrl: 'https://docs.example' }

const none = { proxyHosts: [], previewDomains: [] }

describe('the site of a request', () => {
  test('in production is the configured one, for its own host only [D-04 B8-8]', () => {
    const env = { MCP_OAUTH_ISSUER: 'https://login.docs.example' }
    expect(siteOf('login.docs.example', env, production, none)?.issuer).toBe('https://login.docs.example')
    for (const host of [
      'docs.example',
      '65f0--docs.netlify.app',
      'docs.netlify.app',
      'evil.example',
      'login.docs.example:444',
      '',
    ]) {
      expect(siteOf(host, env, production, none), host).toBeNull()
    }
    expect(siteOf('www.docs.example', env, production, { ...none, proxyHosts: ['www.docs.example'] })?.issuer).toBe(
      'https://login.docs.example',
    )
  })

  test('is never a host that merely begins or ends like its own, so a permalink cannot use the keys of production [D-04]', () => {
    const netlify = { ...production, siteUrl: 'https://docs.netlify.app' }
    const proxies = { ...none, proxyHosts: ['www.docs.example'] }
    expect(siteOf('docs.netlify.app', {}, netlify, proxies)?.issuer).toBe('https://docs.netlify.app')
    for (const host of [
      '0123--docs.netlify.app',
      'deploy-preview-7--docs.netlify.app',
      'evil-docs.netlify.app',
      'docs.netlify.app.evil.example',
      'evil-www.docs.example',
      'www.docs.example.evil.example',
    ]) {
      expect(siteOf(host, {}, netlify, proxies), host).toBeNull()
    }
  })

  test('without a setting is the URL of the Netlify site; without both there is no site', () => {
    expect(siteOf('docs.example', {}, production, none)?.issuer).toBe('https://docs.example')
    expect(siteOf('docs.example', {}, { ...production, siteUrl: undefined }, none)).toBeNull()
  })

  test('of a preview is its own host with its own store, never the host of production [O-16]', () => {
    const env = { MCP_OAUTH_ISSUER: 'https://docs.example' }
    const one = siteOf('deploy-preview-7--docs.netlify.app', env, preview, none)
    const two = siteOf('deploy-preview-8--docs.netlify.app', env, preview, none)
    expect(one?.issuer).toBe('https://deploy-preview-7--docs.netlify.app')
    const stores = [one?.storeName, two?.storeName, siteOf('docs.example', env, production, none)?.storeName]
    expect(new Set(stores).size).toBe(3)
    expect(one?.production).toBe(false)
    for (const host of [
      'docs.example',
      'deploy-preview-7--other.netlify.app',
      'deploy-preview-7--docs.netlify.app.evil.example',
      'evil.example/--docs.netlify.app',
      'a.b--docs.netlify.app',
      '--docs.netlify.app',
      'x--docs.netlify.app:444',
    ]) {
      expect(siteOf(host, env, preview, none), host).toBeNull()
    }
    expect(siteOf('a--.netlify.app', env, { ...preview, siteName: '' }, none)).toBeNull()
  })

  test.each([
    'feature-foo-bar',
    'fix--x',
    'feature-',
    'a_b',
    '_x',
    'deploy-preview-7',
    '0123456789abcdef01234567',
    'a',
  ])(
    'of a branch that Netlify spells %s is its own host, at netlify.app and at a domain of the operator [O-16]',
    (label) => {
      const domains = { ...none, previewDomains: ['previews.docs.example'] }
      for (const host of [`${label}--docs.netlify.app`, `${label}.previews.docs.example`]) {
        expect(siteOf(host, {}, preview, domains)).toMatchObject({
          issuer: `https://${host}`,
          preview: true,
          production: false,
        })
      }
      expect(siteOf(`${label}.previews.docs.example`, {}, preview, none)).toBeNull()
    },
  )

  test('of a preview is never the host of production or of a proxy, and never two labels deep, whatever domain the operator has [O-16]', () => {
    const domains = { proxyHosts: ['www.docs.example'], previewDomains: ['docs.example', 'example'] }
    const env = { MCP_OAUTH_ISSUER: 'https://login.docs.example' }
    for (const host of [
      'login.docs.example',
      'docs.example',
      'www.docs.example',
      'a.b.docs.example',
      '.docs.example',
    ]) {
      expect(siteOf(host, env, preview, domains), host).toBeNull()
    }
    expect(siteOf('staging.docs.example', env, preview, domains)?.issuer).toBe('https://staging.docs.example')
  })

  test('does not answer at domains for previews in production', () => {
    const domains = { ...none, previewDomains: ['previews.docs.example'] }
    expect(siteOf('x.previews.docs.example', {}, production, domains)).toBeNull()
  })
})
