/** Reads environment variables one by one and remembers every problem, so that all of them are reported at once. */
export interface SettingsReader {
  readonly problems: readonly string[]
  /** Every name that was asked for, whether it is set or not. */
  readonly names: ReadonlySet<string>
  complain(problem: string): void
  /** The trimmed value; `undefined` if absent or empty. The first name that is set wins. */
  text(...names: readonly string[]): string | undefined
  /** One line that people or models read: of `most` characters (UTF-16 units) at most, without control characters. */
  line(name: string, most?: number): string | undefined
  /** The same, of as many lines as somebody likes. */
  lines(name: string, most: number): string | undefined
  /** An id, a name or a key that somebody else gave out: printable ASCII without spaces. The first name that is set wins. */
  word(...names: readonly string[]): string | undefined
  /**
   * True only for the exact word `true` (F-000-16), false for `false` and where it is absent. Another word is a mistake to
   * be told, and counts as `malformed`, which is to be the safer of the two.
   */
  flag(name: string, otherwise: { readonly malformed: boolean; readonly absent?: boolean }): boolean
  /** On unless it is exactly `off`; another word is a mistake to be told about, not something to leave out. */
  onOff(name: string): boolean
  integer(name: string, range: { readonly min: number; readonly max: number; readonly default: number }): number
  /** Comma-separated. */
  list(name: string): readonly string[] | undefined
  /**
   * A list whose entries `read` understands or, by `null`, does not: complains about each of those by its place, the first
   * being 1, and never with its value.
   */
  entries<T>(name: string, must: string, read: (entry: string) => T | null): readonly T[] | undefined
  /** An absolute https URL, or http on loopback. The first name that is set wins; each one that is set has to be one. */
  url(...names: readonly string[]): string | undefined
}

export type Environment = { readonly [name: string]: string | undefined }

export function createSettingsReader(env: Environment): SettingsReader {
  const problems: string[] = []
  const names = new Set<string>()
  const textOf = (name: string) => {
    names.add(name)
    return env[name]?.trim() || undefined
  }
  const complain = (problem: string) => {
    problems.push(problem)
  }
  /** The first value that is set, where all that are set are `good`. */
  const firstOf = (names: readonly string[], good: (value: string) => boolean, must: string) => {
    let first: string | undefined
    for (const name of names) {
      const value = textOf(name)
      if (value !== undefined && !good(value)) complain(`${name} must be ${must}`)
      else first ??= value
    }
    return first
  }
  const short = (name: string, most: number, unfit: RegExp, what: string) =>
    firstOf([name], (value) => value.length <= most && !unfit.test(value), `${what} of at most ${most} characters`)
  return {
    problems,
    names,
    complain,
    text: (...names) => names.map(textOf).find((value) => value !== undefined),
    line: (name, most = 100) => short(name, most, /[\p{Cc}\u2028\u2029]/u, 'one line'),
    lines: (name, most) => short(name, most, /[^\P{Cc}\n\r\t]/u, 'text'),
    word: (...names) =>
      firstOf(names, (value) => /^[!-~]{1,2000}$/.test(value), 'printable ASCII characters, without spaces'),
    flag(name, { malformed, absent = false }) {
      const value = textOf(name) ?? String(absent)
      if (value === 'true' || value === 'false') return value === 'true'
      complain(`${name} must be true or false`)
      return malformed
    },
    onOff(name) {
      const word = textOf(name) ?? 'on'
      if (word !== 'on' && word !== 'off') complain(`${name} must be on or off`)
      return word !== 'off'
    },
    integer(name, { min, max, default: fallback }) {
      const value = textOf(name)
      if (value === undefined) return fallback
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (number >= min && number <= max) return number
      complain(`${name} must be a whole number from ${min} to ${max}`)
      return fallback
    },
    list,
    entries: (name, must, read) =>
      list(name)?.flatMap((entry, index) => {
        const value = read(entry)
        if (value !== null) return [value]
        complain(`${name}: value ${index + 1} must be ${must}`)
        return []
      }),
    url: (...names) => firstOf(names, isSecureUrl, 'an https URL'),
  }

  function list(name: string): readonly string[] | undefined {
    return textOf(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
}

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A name of letters, digits, `-` and `_`, or an address; a URL may also have a host that nobody can have. */
const hostname = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/

/**
 * https anywhere, http on this machine only; never with a name and a password, which would be a secret in a URL. Nor with
 * what stands for something else in an example: `https://<tenant>.example`, `https://*.example`, `https://x.example/{id}`.
 */
export function isSecureUrl(value: string): boolean {
  const url = URL.parse(value)
  if (!url || /[\s<>"{}|\\^`]/.test(value) || !hostname.test(url.hostname) || url.username || url.password) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHosts.has(url.hostname))
}

export function isLoopbackHttp(origin: string): boolean {
  return origin.startsWith('http:') && isSecureUrl(origin)
}

/**
 * A host as requests name it: in lower case, with its port unless that is the usual one. Takes an origin as well, which is
 * what people copy from a browser; `null`: it is neither, such as a path, a wildcard or another scheme.
 */
export function hostOf(entry: string): string | null {
  const url = entry.includes('://') ? entry : `https://${entry}`
  if (!isSecureUrl(url)) return null
  const { host, pathname, search, hash } = new URL(url)
  return pathname + search + hash === '/' && !/[?#]/.test(entry) ? host : null
}

/** The value of a setting that is JSON; `undefined`: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
