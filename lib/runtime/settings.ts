/** Reads environment variables one by one and remembers every problem, so that all of them are reported at once. */
export interface SettingsReader {
  readonly problems: readonly string[]
  complain(problem: string): void
  /** The trimmed value; `undefined` if absent or empty. The first name that is set wins. */
  text(...names: readonly string[]): string | undefined
  /**
   * True only for the exact word `true` (F-000-16), false for `false` and where it is absent. Another word is a mistake to
   * be told, and counts as `malformed`, which is to be the safer of the two.
   */
  flag(name: string, otherwise: { readonly malformed: boolean }): boolean
  /** On unless it is exactly `off`; another word is a mistake to be told about, not something to leave out. */
  onOff(name: string): boolean
  integer(name: string, range: { readonly min: number; readonly max: number; readonly default: number }): number
  /** Comma-separated. */
  list(name: string): readonly string[] | undefined
  /** An absolute https URL, or http on loopback. */
  url(...names: readonly string[]): string | undefined
}

export type Environment = { readonly [name: string]: string | undefined }

export function createSettingsReader(env: Environment): SettingsReader {
  const problems: string[] = []
  const found = (names: readonly string[]) => {
    for (const name of names) {
      const value = env[name]?.trim()
      if (value) return { name, value }
    }
    return undefined
  }
  return {
    problems,
    complain: (problem) => {
      problems.push(problem)
    },
    text: (...names) => found(names)?.value,
    flag(name, { malformed }) {
      const value = found([name])?.value ?? 'false'
      if (value === 'true' || value === 'false') return value === 'true'
      problems.push(`${name} must be true or false`)
      return malformed
    },
    onOff(name) {
      const word = found([name])?.value ?? 'on'
      if (word !== 'on' && word !== 'off') problems.push(`${name} must be on or off`)
      return word !== 'off'
    },
    integer(name, { min, max, default: fallback }) {
      const value = found([name])?.value
      if (value === undefined) return fallback
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (number >= min && number <= max) return number
      problems.push(`${name} must be a whole number from ${min} to ${max}`)
      return fallback
    },
    list: (name) =>
      found([name])
        ?.value.split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    url(...names) {
      const setting = found(names)
      if (!setting) return undefined
      if (isSecureUrl(setting.value)) return setting.value
      problems.push(`${setting.name} must be an https URL`)
      return undefined
    },
  }
}

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** https anywhere, http on this machine only; never with a name and a password, which would be a secret in a URL. */
export function isSecureUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url?.username || url?.password) return false
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHosts.has(url.hostname))
}

export function isLoopbackHttp(origin: string): boolean {
  return origin.startsWith('http:') && isSecureUrl(origin)
}

/** The value of a setting that is JSON; `undefined`: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
