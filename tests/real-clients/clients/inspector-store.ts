import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/**
 * When its state is cleared, the Inspector should call the revocation endpoint. It reads the metadata from a place where
 * a normal sign-in does not store it, and so does not call (seen running 2.12.0).
 */
export const noSignOut = 'it forgets its tokens, and does not call the revocation endpoint (2.12.0)'

/** Settings that make it keep its tokens in a file in the user's home. */
export const storeInFile = { MCP_INSPECTOR_SECRET_STORE: 'file' } as const

const secretsFile = v.object({ secrets: v.record(v.string(), v.string()) })
const keptTokens = v.pipe(v.string(), v.parseJson(), v.object({ refresh_token: v.string() }))

/** @param home the user's home folder */
export async function keptRefreshToken(home: string): Promise<string> {
  const text = await readFile(join(home, '.mcp-inspector/secrets.json'), 'utf8')
  for (const secret of Object.values(v.parse(secretsFile, JSON.parse(text)).secrets)) {
    const found = v.safeParse(keptTokens, secret)
    if (found.success) return found.output.refresh_token
  }
  throw new Error('it has stored no tokens')
}
