import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isObject, parseJson } from '../lib/base/json.ts'
import { exits, Problem } from './problem.ts'

/** A server, and the token that may be sent there and nowhere else (N30). */
export interface Site {
  /** Scheme, host and port. */
  readonly origin: string
  readonly token: string
}

/**
 * Reads the address of a server as a user types it. A token travels over TLS, or stays on this machine. Throws `Problem`.
 */
export function originOf(text: string): string {
  const url = URL.parse(text)
  const isLoopback = url !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopback)) {
    throw new Problem('--site must be an https URL, or http on this machine: the token would travel in the clear.', exits.usage) // biome-ignore format: one line
  }
  if (url.username !== '' || url.password !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new Problem('--site must be the address of the server alone, such as https://docs.example.com.', exits.usage)
  }
  return url.origin
}

/** 32 random bytes in base64url, as npm run secret makes them. */
export const isToken = (text: string): boolean => /^[A-Za-z0-9_-]{43,}$/.test(text)

/** Returns the token that the environment names. It goes to the server that the user names. */
export function tokenOfEnvironment(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { MCP_ADMIN_WRITE_TOKEN: write, MCP_ADMIN_TOKEN: read } = environment
  return (write || read || '')
    .split(',')
    .map((one) => one.trim())
    .slice(0, 1)
    .find(isToken)
}

/** The tokens that `login` has saved, in a file that only its owner can read. */
export interface SavedSites {
  readonly file: string
  all(): Promise<readonly Site[]>
  save(site: Site): Promise<void>
  /** Returns false if there was none. */
  remove(origin: string): Promise<boolean>
}

export function createSavedSites(file: string): SavedSites {
  async function all(): Promise<readonly Site[]> {
    const found = await stat(file).catch(() => null)
    if (found === null) return []
    if ((found.mode & 0o077) !== 0) {
      throw new Problem(`Other users of this machine can read ${file}. Run chmod 600 ${file}, and make new tokens.`)
    }
    const value = parseJson(await readFile(file, 'utf8'))
    if (!isObject(value) || !isObject(value.sites))
      throw new Problem(`${file} is damaged: remove it, and log in again.`)
    return Object.entries(value.sites).flatMap(([origin, token]) =>
      typeof token === 'string' ? [{ origin, token }] : [],
    )
  }

  /** Replaces the file at once, so that two commands cannot leave half of it. */
  async function write(sites: readonly Site[]): Promise<void> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const draft = `${file}.${process.pid}`
    const content = { sites: Object.fromEntries(sites.map(({ origin, token }) => [origin, token])) }
    await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    await rename(draft, file)
  }

  return {
    file,
    all,
    async save(site) {
      await write([...(await all()).filter(({ origin }) => origin !== site.origin), site])
    },
    async remove(origin) {
      const sites = await all()
      const others = sites.filter((site) => site.origin !== origin)
      if (others.length < sites.length) await write(others)
      return others.length < sites.length
    },
  }
}
