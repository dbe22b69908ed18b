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
  roleMarks?: OpenIdProviderOptions['roleMarks'],
): Promise<Provider & { readonly label: string }> {
  const preset = await presetOf(listed)
  const issuer = issuerOf(listed, preset)
  const redirectUri = origin + callbackPath(listed.name)
  const label = listed.label ?? preset.label
  if (listed.preset === 'github') {
    const { createGitHubProvider } = await import('./github-provider.ts')
    return {
      ...createGitHubProvider({ ...listed, issuer }, { redirectUri, remedy: preset.remedy, ask, tokenOf }),
      label,
    }
  }
  const { clientId, clientSecret } = listed
  const options = { issuer, clientId, clientSecret, redirectUri, now }
  const provider = createOpenIdProvider({ ...options, roleMarks, oddities: odditiesOf(listed, preset) })
  return { ...provider, id: providerId(options), name: listed.name, label }
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

function odditiesOf(listed: ListedProvider, preset: Preset): Oddities {
  const own = preset.oddities?.(listed) ?? {}
  return {
    ...own,
    scope: [preset.scope ?? 'openid profile email', ...listed.scopes].join(' '),
    parameters(prompt) {
      const known = prompt === undefined ? undefined : preset.prompts?.[prompt]
      return { ...(known !== undefined && { prompt: known ?? undefined }), ...own.parameters?.(prompt) }
    },
    identityOf: (identity, claims) => ruled(own.identityOf?.(identity, claims) ?? identity, claims, preset, listed),
  }
}
