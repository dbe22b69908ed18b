/** One member of an `Accept` header. */
interface MediaRange {
  /** `type/subtype` in lower case; `*` stands for any. */
  readonly type: string
  /** From 0 (not acceptable) to 1. */
  readonly weight: number
}

/** The form of an answer of `/mcp`. `either`: the client reads both equally well, and the protocol decides. */
export type AnswerForm = 'json' | 'event-stream' | 'either'

export const jsonType = 'application/json'
export const eventStreamType = 'text/event-stream'

const quotedText = /"(?:\\.|[^"\\])*(?:"|$)/g
const mediaRange = /^(?:\*\/\*|[!#$%&'+.^_`|~\w-]+\/(?:\*|[!#$%&'+.^_`|~\w-]+))$/

/**
 * Reads the media ranges of an `Accept` header, in order (RFC 9110 §12.5.1). Parameters other than the weight do not matter:
 * we have one form of each type. A weight that cannot be read counts as 1. A member that is not a media range is ignored.
 * `Headers` joins repeated headers by commas into one list.
 */
function mediaRanges(headers: Headers): readonly MediaRange[] {
  const members = (headers.get('accept') ?? '').replaceAll(quotedText, '').toLowerCase().split(',')
  return members.flatMap((member) => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim())
    // Some Java clients send `*` alone.
    const type = name === '*' ? '*/*' : name
    return mediaRange.test(type) ? [{ type, weight: weightIn(parameters) }] : []
  })
}

function weightIn(parameters: readonly string[]): number {
  const weight = parameters.map((parameter) => /^q\s*=\s*(.*)$/.exec(parameter)?.[1]).find((text) => text !== undefined)
  // No two parts match the same digits: for many digits, that would take quadratic time.
  return weight !== undefined && /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(weight) ? Math.min(Number(weight), 1) : 1
}

/** The weight of a type: the most specific range that covers it decides. `named`: by its name, not by a wildcard. */
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
 * The form in which a client accepts an answer of `/mcp`; `null` if it accepts none that we have. Without a preference, or
 * without the header, a client that does not name event streams gets JSON: it probably cannot read them.
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

/** The media type that a request names with the greatest weight, the first of several; `undefined` for a wildcard. */
export function preferredType(headers: Headers): string | undefined {
  const named = mediaRanges(headers).filter(({ weight }) => weight > 0)
  const greatest = Math.max(...named.map(({ weight }) => weight))
  const preferred = named.find(({ weight }) => weight === greatest)?.type
  return preferred?.includes('*') ? undefined : preferred
}

/** Whether a request names a type as acceptable; a wildcard does not name it. */
export function namesType(headers: Headers, type: string): boolean {
  return mediaRanges(headers).some((range) => range.type === type && range.weight > 0)
}
