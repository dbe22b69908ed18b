import type { LoggedLine } from '../../dev/worlds/recording.ts'

export interface Leak extends LoggedLine {
  readonly what: string
}

/** Forms of secrets, which no log may hold even if no test has recorded the value. */
const forms: readonly (readonly [string, RegExp])[] = [
  // By its first member. Any other value that begins so is too long for a hash, some of which begin so, too, or has a dot.
  ['a token, code or sealed value', /\beyJ(?:hbGci|0eXAi|raWQi|lbmMi)[\w.-]*/g],
  ['a token, code or sealed value', /\beyJ(?=[\w-]{43}|[\w-]{8,}\.)[\w.-]*/g],
  ['an email address', /[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}/gi],
  ['a cookie', /\b(?:__Host-)?(?:browser|tx\.[\w.-]+)=[^\s";]+/g],
  // Hashes are 43 characters, people's a few more; so are verifiers, which are therefore known by their values only.
  ['a random value', /(?<![\w-])(?![um]_[\w-]{43}(?![\w-]))(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{44,}/g],
  ['a private key', /"d":"[\w-]{40,}"|-----BEGIN [A-Z ]*PRIVATE KEY-----/g],
]

/** Characters at either end of a long secret that reveal it. */
const piece = 24
/** The length of the pieces that are looked up: the shortest secret. */
const gram = 12

/**
 * Finds secrets in log lines: each that is given, whole or by its first or last 24 characters, and whatever looks like
 * one. A line that stands there several times is looked at once.
 */
export function findLeaks(lines: Iterable<LoggedLine>, secrets: Iterable<string>): readonly Leak[] {
  const pieces = new Map<string, string[]>()
  for (const found of new Set([...secrets].flatMap((secret) => [secret.slice(0, piece), secret.slice(-piece)]))) {
    const start = found.slice(0, gram)
    const others = pieces.get(start)
    if (others) others.push(found)
    else pieces.set(start, [found])
  }
  const distinct = new Map<string, LoggedLine>()
  for (const logged of lines) if (!distinct.has(logged.line)) distinct.set(logged.line, logged)
  return [...distinct.values()].flatMap((logged) => [...inForm(logged), ...ofKnown(logged, pieces)])
}

function inForm(logged: LoggedLine): readonly Leak[] {
  return forms.flatMap(([what, form]) => {
    const masked = logged.line.replaceAll(form, `‹${what}›`)
    return masked === logged.line ? [] : [{ ...logged, line: masked, what }]
  })
}

function ofKnown(logged: LoggedLine, pieces: ReadonlyMap<string, readonly string[]>): readonly Leak[] {
  const { line } = logged
  for (let at = 0; at + gram <= line.length; at++) {
    const found = pieces.get(line.slice(at, at + gram))?.find((candidate) => line.startsWith(candidate, at))
    if (found === undefined) continue
    const what = 'what a test has seen as a secret'
    return [{ ...logged, line: line.replaceAll(found, `‹${what}›`), what }]
  }
  return []
}
