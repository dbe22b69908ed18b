import type { Preset } from './preset.ts'

/**
 * GitHub speaks OAuth and no OpenID Connect: `github-provider.ts` asks its API who the user is. Organizations on GitHub are no
 * companies: anyone may found one.
 */
export const preset: Preset = {
  label: 'GitHub',
  issuer: 'https://github.com',
  needsSecret: true,
  isVerified: ({ email_verified: verified }) => verified === true,
  remedy: 'Verify your primary email address at GitHub, under Settings, Emails. Then start again.',
}
