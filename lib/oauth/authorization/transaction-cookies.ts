import type { Cookies } from '../http/cookies.ts'

/** Sealed values in cookies, one for each sign-in that is under way in a browser, by the `state` that names it. */
export interface TransactionCookies {
  /** The value under this `state`; empty if the browser has none. */
  read(browser: Request, state: string): string
  /**
   * The cookies to set for a value, in place of what stood under this `state`. The oldest of the others expire where all
   * together would be more than a browser, or a server in between, takes.
   */
  write(browser: Request, state: string, value: string, maxAge: number): readonly string[]
  /** The cookies that end it. */
  expire(browser: Request, state: string): readonly string[]
}

/** Characters of a value that stay in one cookie. */
const maxWhole = 3500
/** Bytes of one cookie, its name included: browsers drop a cookie of more than 4,096. */
const maxCookie = 3800
/** Bytes of all of them in one `Cookie` header: common proxies take a line of 8 KB, and there are other cookies too. */
const maxTotal = 7500

/** Sortable by time: nine characters of milliseconds, then 128 random bits. Further parts of a value are numbered. */
const nameForm = /^([0-9a-z]{9}\.[A-Za-z0-9_-]{22})(?:\.[1-9])?$/

export function createTransactionCookies(cookies: Cookies): TransactionCookies {
  const prefix = cookies.name('tx.')
  const nameOf = (state: string, part: number) => prefix + state + (part === 0 ? '' : `.${part}`)
  const bytesOf = (name: string, value: string) => `${name}=${value}; `.length

  /** Those in the browser, and the `state` of each; a name that is none of ours could not be expired either. */
  function present(browser: Request) {
    return [...cookies.read(browser)].flatMap(([name, value]) => {
      const state = name.startsWith(prefix) ? nameForm.exec(name.slice(prefix.length))?.[1] : undefined
      return state === undefined ? [] : [{ name, state, bytes: bytesOf(name, value) }]
    })
  }

  /** One cookie, or several whose values together are the value: only all of them open. */
  function cut(state: string, value: string): readonly { readonly name: string; readonly value: string }[] {
    if (value.length <= maxWhole) return [{ name: nameOf(state, 0), value }]
    const length = maxCookie - `${nameOf(state, 1)}=`.length
    return Array.from({ length: Math.ceil(value.length / length) }, (_, part) => ({
      name: nameOf(state, part),
      value: value.slice(part * length, (part + 1) * length),
    }))
  }

  return {
    read(browser, state) {
      if (nameForm.exec(state)?.[1] !== state) return ''
      const all = cookies.read(browser)
      const parts: string[] = []
      for (let part = all.get(nameOf(state, 0)); part !== undefined; part = all.get(nameOf(state, parts.length))) {
        parts.push(part)
      }
      return parts.join('')
    },

    write(browser, state, value, maxAge) {
      const parts = cut(state, value)
      const others = present(browser).filter(({ name }) => !parts.some((part) => part.name === name))
      const room = maxTotal - parts.reduce((sum, part) => sum + bytesOf(part.name, part.value), 0)
      const kept = newestWithin(
        room,
        others.filter((other) => other.state !== state),
      )
      const expired = others.filter((other) => !kept.has(other.state))
      return [
        ...parts.map((part) => cookies.set(part.name, part.value, maxAge)),
        ...expired.map(({ name }) => cookies.expire(name)),
      ]
    },

    expire: (browser, state) =>
      present(browser)
        .filter((cookie) => cookie.state === state)
        .map(({ name }) => cookies.expire(name)),
  }
}

/** The newest values that fit: a value that does not ends it, so that no older one outlives a newer. */
function newestWithin(room: number, open: readonly { readonly state: string; readonly bytes: number }[]) {
  const sizes = new Map<string, number>()
  for (const { state, bytes } of open) sizes.set(state, (sizes.get(state) ?? 0) + bytes)
  const kept = new Set<string>()
  let left = room
  for (const [state, bytes] of [...sizes].sort(([a], [b]) => (a < b ? 1 : -1))) {
    left -= bytes
    if (left < 0) break
    kept.add(state)
  }
  return kept
}
