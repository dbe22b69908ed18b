import type { Preset } from './preset.ts'

/** Loads one preset. A function loads the presets that are configured, and no other. */
export const presets: Readonly<Record<string, () => Promise<Preset>>> = {
  auth0: async () => (await import('./auth0.ts')).preset,
  google: async () => (await import('./google.ts')).preset,
  okta: async () => (await import('./okta.ts')).preset,
  entra: async () => (await import('./entra.ts')).preset,
  cognito: async () => (await import('./cognito.ts')).preset,
  workos: async () => (await import('./workos.ts')).preset,
  keycloak: async () => (await import('./keycloak.ts')).preset,
  github: async () => (await import('./github.ts')).preset,
  oidc: async () => (await import('./oidc.ts')).preset,
}
