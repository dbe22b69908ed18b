import { createOpenIdProvider, type Oddities, type OpenIdProviderOptions } from './openid-provider.ts'
import { entraIssuer } from './presets/entra-issuer.ts'
import type { ListedProvider, Preset } from './presets/preset.ts'
import { presets } from './presets/presets.ts'
import { ruled } from './presets/rules.ts'
import { callbackPath, type Provider, providerId } from './provider.ts'
import { ask } from './provider-http.ts'
import { tokenOf } from './token-answer.ts'

/** The issuer that the metadata of a listed provider must name, and its discovery address if that is elsewhere. */
export async function placeOf(
  listed: ListedProvider,
): Promise<{ readonly issuer: string; readonly discovery: string } | null> {
  if (listed.preset === 'github') return null
  const preset = await presetOf(listed)
  const issuer = issuerOf(listed, preset)
  return { issuer, discovery: preset.oddities?.(listed).discovery ?? issuer }
}

/**
 * Makes a provider of the list. Its preset is loaded now.
 *
 * @param origin where its callback is
 * @param now milliseconds since the epoch
 */
export async function createListedProvider(
  listed: ListedProvider,
  origin: string,
  now: () => number,
  extras: ProviderExtras = {},
): Promise<Provider & { readonly label: string }> {
  const preset = await presetOf(listed)
  const label = listed.label ?? preset.label
  const options = await listedOptions(listed, origin, now, extras)
  if (options === null) {
    const { createGitHubProvider } = await import('./github-provider.ts')
    const redirectUri = origin + callbackPath(listed.name)
    const { remedy } = preset
    return {
      ...createGitHubProvider({ ...listed, issuer: issuerOf(listed, preset) }, { redirectUri, remedy, ask, tokenOf }),
      label,
    }
  }
  return { ...createOpenIdProvider(options), id: providerId(options), name: listed.name, label }
}

/** What the settings add to a provider: roles by claims, and the tokens that the vault keeps. */
export type ProviderExtras = Pick<OpenIdProviderOptions, 'roleMarks' | 'tokensIn'>

/**
 * Returns a provider of the list as an OpenID Provider, with the questions of its preset. With `tokensIn`, it is asked for a refresh
 * token. `null`: GitHub, which knows no OpenID Connect.
 */
export async function listedOptions(
  listed: ListedProvider,
  origin: string,
  now: () => number,
  { roleMarks, tokensIn }: ProviderExtras,
): Promise<OpenIdProviderOptions | null> {
  if (listed.preset === 'github') return null
  const preset = await presetOf(listed)
  const { clientId, clientSecret, name, roleClaims } = listed
  return {
    issuer: issuerOf(listed, preset),
    redirectUri: origin + callbackPath(name),
    oddities: odditiesOf(listed, preset, tokensIn !== undefined),
    roleMarks: roleClaims ? roleMarks : undefined,
    ...{ clientId, clientSecret, now, tokensIn },
  }
}

/** Returns what users read on the button of a provider. */
export const labelOf = async (listed: ListedProvider): Promise<string> => listed.label ?? (await presetOf(listed)).label

async function presetOf({ preset: name }: ListedProvider): Promise<Preset> {
  const load = presets[name]
  if (!load) throw new TypeError('the settings allow known presets only')
  return load()
}

const issuerOf = ({ preset, issuer, organizations = [] }: ListedProvider, { issuer: usual }: Preset): string =>
  preset === 'entra' ? entraIssuer(organizations, issuer) : (issuer ?? usual ?? '')

function odditiesOf(listed: ListedProvider, preset: Preset, wantsOffline: boolean): Oddities {
  const own = preset.oddities?.(listed) ?? {}
  const { scope: offline, parameters } = (wantsOffline && (preset.offline ?? usualOffline)) || {}
  return {
    ...own,
    scope: [preset.scope ?? 'openid profile email', ...listed.scopes, ...(offline ? [offline] : [])].join(' '),
    parameters(prompt) {
      const known = prompt === undefined ? undefined : preset.prompts?.[prompt]
      return {
        ...(known !== undefined && { prompt: known ?? undefined }),
        ...own.parameters?.(prompt),
        ...parameters?.(prompt),
      }
    },
    identityOf: (identity, claims) => ruled(own.identityOf?.(identity, claims) ?? identity, claims, preset, listed),
  }
}

/** Most providers know this scope (OpenID Connect Core §11). */
const usualOffline: NonNullable<Preset['offline']> = { scope: 'offline_access' }
