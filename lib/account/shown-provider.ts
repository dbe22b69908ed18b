import type { DocsBrand } from '../pages/brand.ts'
import type { Session } from './session.ts'

/** What the pages say about where a person signs in. */
export interface ShownProvider {
  /** The brand, with the name of that provider. */
  readonly brand: DocsBrand
  /** Among several providers: the name of the one of the session in the settings; `null` if the person must choose one. */
  readonly provider?: string | null
}

/** Says where the person of a session signs in. `null`: the browser has no session. */
export type ShowProvider = (session: Session | null) => ShownProvider

/**
 * Makes the function that says where a person signs in. Each provider is a separate account, so pages name the one of the session.
 *
 * @param labels of the providers, by their names: `default` is the default one. Absent: there is no list, and the brand has the name
 */
export function createShowProvider(brand: DocsBrand, labels: ReadonlyMap<string, string> | undefined): ShowProvider {
  const [only, ...others] = labels?.values() ?? []
  if (!labels || others.length === 0) return () => ({ brand: { ...brand, provider: only ?? brand.provider } })
  return (session) => {
    const name = session ? (session.person.provider ?? 'default') : ''
    const label = labels.get(name)
    return label === undefined
      ? { brand: { ...brand, provider: 'your sign-in provider' }, provider: null }
      : { brand: { ...brand, provider: label }, provider: name }
  }
}
