import { createDecipheriv } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { deriveKey } from '../../lib/oauth/keys/secrets.ts'
import { keysUnder } from '../../lib/store/keys-under.ts'
import type { Stack } from './stack.ts'

/** One place where a text was found: the key of a record, and where in it. */
export interface Finding {
  readonly store: string
  readonly key: string
  /** `key`, `value`, or `sealed` for a value that was sealed in the record. */
  readonly where: 'key' | 'value' | 'sealed'
  readonly text: string
}

/** How much a scan has read. */
export interface Scan {
  readonly findings: readonly Finding[]
  readonly records: number
  /** Sealed values that were opened, and those that no secret opens. */
  readonly opened: number
  readonly unopened: readonly string[]
}

const { signal } = new AbortController()

/**
 * Reads every record of every store of a stack, opens each sealed value with the secret, and looks for texts in every encoding.
 * It knows the forms of sealed values, and nothing of who writes them.
 */
export async function scanStores(stack: Stack, texts: readonly string[]): Promise<Scan> {
  const secret = new Uint8Array(Buffer.from(stack.environment.MCP_OAUTH_SECRET ?? '', 'base64url'))
  const wanted = texts.map((text) => ({ text, forms: formsOf(text) }))
  const findings: Finding[] = []
  const unopened: string[] = []
  let [records, opened] = [0, 0]
  for (const name of await stack.storeNames()) {
    const store = stack.store(name)
    for await (const key of keysUnder(store, '', signal)) {
      const stored = await store.get(key, signal)
      if (!stored) continue
      records += 1
      const look = (where: Finding['where'], content: string) => {
        const lower = content.toLowerCase()
        for (const { text, forms } of wanted) {
          if (forms.some((form) => lower.includes(form))) findings.push({ store: name, key, where, text })
        }
      }
      look('key', key)
      look('value', JSON.stringify(stored.value))
      for (const text of stringsIn(stored.value)) {
        const inside = await open(text, key, { secret, issuer: stack.url })
        if (inside === 'unreadable') unopened.push(`${name} ${key}`)
        else if (inside !== null) {
          opened += 1
          look('sealed', inside)
        }
      }
    }
  }
  return { findings, records, opened, unopened }
}

/** A text as it may stand in a record: as it is, percent-encoded, in hex, and in base64 at any of three offsets. All in lower case. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    // The first and the last characters depend on what stands beside the text.
    const inner = encoded.slice(offset === 0 ? 0 : 4, encoded.length - 4)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const forms = [text, encodeURIComponent(text), bytes.toString('hex'), [...text].reverse().join(''), ...base64]
  return [...new Set(forms.map((form) => form.toLowerCase()))].filter((form) => form.length > 4)
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

const jwe = /^[\w-]+\.\.[\w-]+\.[\w-]*\.[\w-]+$/
const jws = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** `<kid>.<iv>.<ciphertext>.<tag>`, as `lib/people/privacy/personal-data.ts` seals the members of a record. */
const personal = /^([\w-]{8})\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/

/** What a sealed value says. `null`: it is not sealed. */
async function open(
  text: string,
  key: string,
  { secret, issuer }: { readonly secret: Uint8Array; readonly issuer: string },
): Promise<string | 'unreadable' | null> {
  try {
    if (jwe.test(text)) {
      const { typ = '' } = decodeProtectedHeader(text)
      return new TextDecoder().decode((await compactDecrypt(text, deriveKey(secret, issuer, typ).bytes)).plaintext)
    }
    const [, , iv, ciphertext, tag] = personal.exec(text) ?? []
    if (iv !== undefined && ciphertext !== undefined && tag !== undefined) {
      const [nonce, sealed, authentication] = [iv, ciphertext, tag].map((part) => Buffer.from(part, 'base64url'))
      if (!nonce || !sealed || !authentication) return 'unreadable'
      const bytes = deriveKey(secret, issuer, 'personal-data').bytes
      const decipher = createDecipheriv('aes-256-gcm', bytes, nonce).setAAD(Buffer.from(key)).setAuthTag(authentication)
      return Buffer.concat([decipher.update(sealed), decipher.final()]).toString()
    }
    return jws.test(text) ? Buffer.from(text.split('.')[1] ?? '', 'base64url').toString() : null
  } catch {
    return 'unreadable'
  }
}
