import type { Brand } from '../pages/brand.ts'

/** What readers of the documentation are told, from the settings as they are: it cannot be out of date. */
export interface GuideInput {
  readonly brand: Brand
  /** URL of the MCP endpoint. */
  readonly mcpUrl: string
  readonly requireAuth: boolean
  /** Seconds; absent while the service is misconfigured. */
  readonly lifetimes?: { readonly accessToken: number; readonly refreshToken: number; readonly grant: number }
  /** Calls of tools, by whom they are counted; absent: not limited. */
  readonly limits: {
    readonly user?: Limit | undefined
    /** Numbers of their own for the people of some organizations. */
    readonly plans?: readonly object[]
    readonly address?: Limit | undefined
  }
}

interface Limit {
  readonly limit: number
  readonly windowSeconds: number
}

/** One part of the guide. */
export interface GuideSection {
  readonly heading: string
  /** In those of `guide`, what stands between backticks is to be typed as it is, and there is no other markup. */
  readonly paragraphs: readonly string[]
}

export const guideTitle = ({ productName }: Brand) => `${productName} for AI clients`

/** The short guide, for people (`frontPage`); the page for readers says the same in its own order (`readerPage`). */
export function guide(input: GuideInput): readonly GuideSection[] {
  return [connect(input), signIn(input), ...stayingSignedIn(input), ...usage(input)]
}

export function connect({ brand, mcpUrl }: GuideInput): GuideSection {
  const name = serverName(brand)
  return {
    heading: 'Connect',
    paragraphs: [
      `Give this address to Claude, ChatGPT, Cursor, VS Code or another MCP client: \`${mcpUrl}\``,
      `In Claude Code: \`claude mcp add --scope user --transport http ${name} ${mcpUrl}\``,
      `In clients with a file of settings: \`{ "mcpServers": { "${name}": { "url": "${mcpUrl}" } } }\``,
    ],
  }
}

export function signIn({ brand, requireAuth }: GuideInput): GuideSection {
  return {
    heading: 'Sign in',
    paragraphs: [
      `${requireAuth ? 'The client opens' : 'You may ask without signing in. If you want to, the client opens'} a page on which you continue with ${brand.provider}. There is no key to copy.`,
      `${brand.name} records your e-mail address and organization, and when you use which client. ${brand.answerService}, which answers, is told them with your questions.`,
    ],
  }
}

/** Nothing as long as the lifetimes are not known. */
export function stayingSignedIn({ lifetimes }: GuideInput): readonly GuideSection[] {
  if (!lifetimes) return []
  const { accessToken, refreshToken, grant } = lifetimes
  return [
    {
      heading: 'Staying signed in',
      paragraphs: [
        `The client renews its access every ${duration(accessToken).replace(/^1 /, '')} without asking you. You sign in again if you have not used it for ${duration(refreshToken)}, and after ${duration(grant)} in any case.`,
      ],
    },
  ]
}

/** Nothing where nothing is limited. */
export function usage({ brand, requireAuth, limits }: GuideInput): readonly GuideSection[] {
  const paragraphs = [
    limits.user && `${callsIn(limits.user)} for each person who has signed in, wherever they ask from.`,
    limits.plans && `${brand.name} has other numbers for the people of some organizations or e-mail domains.`,
    !requireAuth &&
      limits.address &&
      `${callsIn(limits.address)} for all together at one network address who have not signed in.`,
  ].filter((line) => typeof line === 'string')
  return paragraphs.length > 0 ? [{ heading: 'How much you may ask', paragraphs }] : []
}

/** By which a client lists the server: the brand's name, as every client and shell takes it. */
export function serverName({ name }: Brand): string {
  const slug = name.toLowerCase().match(/[a-z0-9]+/g)
  return slug?.join('-') ?? 'docs'
}

const callsIn = ({ limit, windowSeconds }: Limit) =>
  `${limit} ${limit === 1 ? 'question' : 'questions'} in ${duration(windowSeconds)}`

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** In the largest unit that leaves nothing over: `15 minutes`, `1 hour`. */
export function duration(seconds: number): string {
  const [name, size] = units.find(([, size]) => seconds % size === 0) ?? ['second', 1]
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
