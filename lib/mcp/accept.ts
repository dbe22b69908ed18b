/** One member of an `Accept` header. */
interface MediaRange {
  /** `type/subtype` in lower case; `*` stands for any. */
  readonly type: string
  /** From 0 (not acceptable) to 1. */
  readonly weight: number
}

/** How an answer of `/mcp` goes out. `either`: the client reads both equally well, so that the protocol decides. */
export type AnswerForm = 'json' | 'event-stream' | 'either'

export const jsonType = 'application/json'
export const eventStreamType = 'text/event-stream'

const quotedText = /"(?:\\.|[^"\\])*(?:"|$)/g
const mediaRange = /^(?:\*\/\*|[!#$%&'+.^_`|~\w-]+\/(?:\*|[!#$%&'+.^_`|~\w-]+))$/

/**
 * The media ranges of an `Accept` header in their order (RFC 9110 §12.5.1). Parameters other than the weight do not
 * matter: we have one form of each type. A weight that cannot be read counts as 1, and a member that is no media range
 * as nothing. `Headers` joins several lines by commas, so that they are one list here.
 */
function mediaRanges(headers: Headers): readonly MediaRange[] {
  const members = (headers.get('accept') ?? '').replaceAll(quotedText, '').toLowerCase().split(',')
  return members.flatMap((member) => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim())
    // `*` alone is what some Java clients send.
    const type = name === '*' ? '*/*' : name
    return mediaRange.test(type) ? [{ type, weight: weightIn(parameters) }] : []
  })
}

function weightIn(parameters: readonly string[]): number {
  const weight = parameters.map((parameter) => /^q\s*=\s*(.*)$/.exec(parameter)?.[1]).find((text) => text !== undefined)
  // No two parts that could take the same digits: that would take the square of the time for many of them.
  return weight !== undefined && /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(weight) ? Math.min(Number(weight), 1) : 1
}

/** How welcome a type is: the most specific range that covers it decides. `named`: by its name, not by a wildcard. */
function preferenceFor(
  ranges: readonly MediaRange[],
  type: string,
): { readonly weight: number; readonly named: boolean } {
  for (const range of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const weights = ranges.filter((each) => each.type === range).map(({ weight }) => weight)
    if (weights.length > 0) return { weight: Math.max(...weights), named: range === type }
  }
  return { weight: 0, named: false }
}

/**
 * The form in which a client takes an answer of `/mcp`; `null`: in none that we have. Without a preference, and without
 * the header, it is JSON for a client that does not name event streams: it would hardly read one.
 */
export function acceptedForm(headers: Headers): AnswerForm | null {
  const ranges = mediaRanges(headers)
  if (ranges.length === 0) return 'json'
  const json = preferenceFor(ranges, jsonType)
  const stream = preferenceFor(ranges, eventStreamType)
  if (json.weight === 0 && stream.weight === 0) return null
  if (json.weight !== stream.weight) return json.weight > stream.weight ? 'json' : 'event-stream'
  if (!stream.named) return 'json'
  return json.named ? 'either' : 'event-stream'
}

/** The media type that a request names with the greatest weight, the first of several; a wildcard is none. */
export function preferredType(headers: Headers): string | undefined {
  const named = mediaRanges(headers).filter(({ weight }) => weight > 0)
  const greatest = Math.max(...named.map(({ weight }) => weight))
  const preferred = named.find(({ weight }) => weight === greatest)?.type
  return preferred?.includes('*') ? undefined : preferred
}

/** Whether a request names a type as acceptable; a wildcard does not. */
export function namesType(headers: Headers, type: string): boolean {
  return mediaRanges(headers).some((range) => range.type === type && range.weight > 0)
}
