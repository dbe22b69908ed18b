import { describe, expect, test } from 'vitest'
import { createGitHubProvider } from '../github-provider.ts'
import type { ProviderError } from '../provider.ts'
import { preset as entra } from './entra.ts'
import type { ListedProvider } from './preset.ts'

// Guards that stand behind another one, so that no sign-in through the whole service reaches them.

const listed: ListedProvider & { issuer: string } = {
  ...{ name: 'github', preset: 'github', issuer: 'https://github.com', clientId: 'us', clientSecret: 'secret' },
  ...{ scopes: [], emailDomains: [], byDomainOnly: false, emailOptional: false, roleClaims: false },
}

describe('GitHub', () => {
  const login = { state: 'ours', nonce: 'n', codeVerifier: 'v' }

  /** Identifies a user by these parameters of a callback. Nothing may be asked of GitHub. */
  async function identify(query: string): Promise<string> {
    const asked: unknown[] = []
    const github = createGitHubProvider(listed, {
      redirectUri: 'https://docs.example/mcp/callback/github',
      remedy: '',
      ask: async (question) => {
        asked.push(question)
        throw new TypeError('no network here')
      },
      tokenOf: async () => '',
    })
    const error = await github.identify(new URLSearchParams(query), login, new AbortController().signal).then(() => null, (cause: ProviderError) => cause) // biome-ignore format: one line
    return asked.length > 0 ? 'asked' : `${error?.kind}`
  }

  test.each([
    ['the state of another sign-in', 'code=c&state=theirs'],
    ['no state', 'code=c'],
    ['two states', 'code=c&state=ours&state=theirs'],
    ['the issuer of another provider', 'code=c&state=ours&iss=https://evil.example'],
    ['a second issuer', 'code=c&state=ours&iss=https://github.com&iss=https://evil.example'],
    ['two codes', 'code=c&code=d&state=ours'],
    ['no code', 'state=ours'],
  ])('is not asked about an answer with %s', async (_what, query) => {
    expect(await identify(query)).toBe('invalid')
  })

  test('is asked about its own answer, with and without its issuer', async () => {
    for (const iss of ['', '&iss=https://github.com', '&iss=https://github.com/login/oauth']) {
      expect([iss, await identify(`code=c&state=ours${iss}`)]).toEqual([iss, 'asked'])
    }
  })
})

describe('Entra ID', () => {
  const tenant = (digit: string) => `${digit.repeat(8)}-${`-${digit.repeat(4)}`.repeat(3).slice(1)}-${digit.repeat(12)}`
  const { issuerOf, mayKeySign } = entra.oddities?.({ ...listed, issuer: undefined, organizations: [tenant('a'), tenant('b')] }) ?? {} // biome-ignore format: one line

  test('speaks for the tenants of the list, and for no other text that looks like one [N6]', () => {
    expect(issuerOf?.({ tid: tenant('a') })).toContain(tenant('a'))
    for (const tid of [
      tenant('c'),
      tenant('a').toUpperCase(),
      `${tenant('a')} `,
      [tenant('a')],
      '',
      undefined,
      null,
      'common',
    ]) {
      expect(() => issuerOf?.({ tid }), String(tid)).toThrow()
    }
  })

  test('a key that is marked as that of another tenant signs for none [N24]', () => {
    const issuer = issuerOf?.({ tid: tenant('a') }) ?? ''
    expect(mayKeySign?.(issuer, issuer)).toBe(true)
    expect(mayKeySign?.('https://login.microsoftonline.com/{tenantid}/v2.0', issuer)).toBe(true)
    expect(mayKeySign?.(issuerOf?.({ tid: tenant('b') }) ?? '', issuer)).toBe(false)
  })
})
