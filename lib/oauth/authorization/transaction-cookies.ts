import type { Cookies } from '../http/cookies.ts'

/** The most characters of a value that stays in one cookie. */
const maxWhole = 3500
/** The most bytes of one cookie, with its name. Browsers drop a cookie of more than 4,096. */
const maxCookie = 3800
/** The most bytes of all of them in one `Cookie` header. Common proxies accept a line of 8 KB, and there are other cookies. */
const maxTotal = 7500

/** Sorts by time: nine characters of milliseconds, then 128 random bits. Further parts of one value are numbered. */
const nameForm = /^([0-9a-z]{9}\.[A-Za-z0-9_-]{22})(?:\.[1-9])?$/

/** Keeps one sealed value in cookies for each open sign-in of a browser, by the `state` that names it. */
export function createTransactionCookies(cookies: Cookies) {
  const prefix = cookies.name('tx.')
  const nameOf = (state: string, part: number) => prefix + state + (part === 0 ? '' : `.${part}`)
  const bytesOf = (name: string, value: string) => `${name}=${value}; `.length

  /** Lists our cookies in the browser, with the `state` of each. A cookie of another name could not be expired either. */
  function present(browser: Request) {
    return [...cookies.read(browser)].flatMap(([name, value]) => {
      const state = name.startsWith(prefix) ? nameForm.exec(name.slice(prefix.length))?.[1] : undefined
      return state === undefined ? [] : [{ name, state, bytes: bytesOf(name, value) }]
    })
  }

  /** Cuts a value into one cookie or several. The value opens only if all of them are there. */
  function cut(state: string, value: string): readonly { readonly name: string; readonly value: string }[] {
    if (value.length <= maxWhole) return [{ name: nameOf(state, 0), value }]
    const length = maxCookie - `${nameOf(state, 1)}=`.length
    return Array.from({ length: Math.ceil(value.length / length) }, (_, part) => ({
      name: nameOf(state, part),
      value: value.slice(part * length, (part + 1) * length),
    }))
  }

  return {
    /** Reads the value under this `state`. Returns an empty string if the browser has none. */
    read(browser: Request, state: string): string {
      if (nameForm.exec(state)?.[1] !== state) return ''
      const all = cookies.read(browser)
      const parts: string[] = []
      for (let part = all.get(nameOf(state, 0)); part !== undefined; part = all.get(nameOf(state, parts.length))) {
        parts.push(part)
      }
      return parts.join('')
    },

    /**
     * Returns the cookies that set a value in place of the earlier one. If all cookies together would be larger than browsers
     * and proxies accept, the oldest sign-ins expire.
     */
    write(browser: Request, state: string, value: string, maxAge: number): readonly string[] {
      const parts = cut(state, value)
      const others = present(browser).filter(({ name }) => !parts.some((part) => part.name === name))
      const room = maxTotal - parts.reduce((sum, part) => sum + bytesOf(part.name, part.value), 0)
      const ofOtherSignIns = others.filter((other) => other.state !== state)
      const kept = newestWithin(room, ofOtherSignIns)
      const expired = others.filter((other) => !kept.has(other.state))
      return [
        ...parts.map((part) => cookies.set(part.name, part.value, maxAge)),
        ...expired.map(({ name }) => cookies.expire(name)),
      ]
    },

    /** Returns the cookies that remove the value. */
    expire: (browser: Request, state: string): readonly string[] =>
      present(browser)
        .filter((cookie) => cookie.state === state)
        .map(({ name }) => cookies.expire(name)),
  }
}

/** Keeps the newest values until one does not fit, so that no older value outlives a newer one. */
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
