/** The settings in a `.env` file, and what is wrong with its other lines. Problems never contain a value. */
export interface EnvFile {
  readonly settings: Readonly<Record<string, string>>
  readonly problems: readonly string[]
}

/** Matches a setting: its name, and the text after the equals sign. */
const assignment = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=[^\S\n]*(.*)$/

/**
 * Reads a `.env` file with the same result as Node's `parseEnv`, and reports everything else. Node silently drops a line that
 * it does not understand, and cuts a value at a `#`. Byte order marks and line ends of any kind make no difference.
 */
export function parseEnvFile(text: string): EnvFile {
  if (/[\0\uFFFD]/.test(text)) {
    return { settings: {}, problems: ['it is not UTF-8 (PowerShell writes UTF-16): save it as UTF-8'] }
  }
  const settings: Record<string, string> = {}
  const problems: string[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (/^\s*(?:#|$)/.test(line)) continue
    const complain = (problem: string) => problems.push(`line ${index + 1} ${problem}`)
    const [, name, rest = ''] = assignment.exec(line) ?? []
    if (name === undefined) {
      complain('is neither a setting (NAME=value) nor a comment (#)')
      continue
    }
    const value = /^["'`]/.test(rest) ? quoted(rest, lines.slice(index + 1)) : unquoted(rest)
    if ('problem' in value) complain(`(${name}) ${value.problem}`)
    else {
      settings[name] = value.text
      index += value.furtherLines
    }
  }
  return { settings, problems }
}

type Value = { readonly text: string; readonly furtherLines: number } | { readonly problem: string }

function unquoted(rest: string): Value {
  if (/^[\u201C\u201D\u2018\u2019\u00AB]/.test(rest)) return { problem: 'has typographic quotes: use " or nothing' }
  // A comment has a space before it. Without a space, `#` may be part of the value, as in a color.
  const [text = '', comment = ''] = rest.split(/(?:^|\s+)(#.*)/s)
  const isColor = text === '' && /^#\S/.test(comment)
  if (text.includes('#') || isColor) return { problem: 'has a # in its value: put the value in quotes' }
  if (/["'`]\s*$/.test(text) && !/["'`]/.test(text.trim().slice(0, -1)))
    return { problem: 'ends with a quote that nothing opens' }
  return { text: text.trim(), furtherLines: 0 }
}

/** @param following the lines below, where a quoted value may continue */
function quoted(rest: string, following: readonly string[]): Value {
  const quote = rest.charAt(0)
  const unclosed = { problem: `begins with ${quote}, and nothing closes it` }
  let text = rest.slice(1)
  for (let furtherLines = 0; ; furtherLines++) {
    const end = text.indexOf(quote)
    if (end >= 0) {
      if (!/^\s*(?:#.*)?$/.test(text.slice(end + 1))) return { problem: 'has something after its closing quote' }
      const inside = text.slice(0, end)
      return { text: quote === '"' ? inside.replaceAll('\\n', '\n') : inside, furtherLines }
    }
    const next = following[furtherLines]
    // The next quote belongs to the next setting.
    if (next === undefined || /^\s*(?:export\s+)?[A-Z][A-Z0-9_]+=/.test(next)) return unclosed
    text += `\n${next}`
  }
}
