import type { Brand } from './brand.ts'

/** What readers of the documentation are told, from the settings as they are: it cannot be out of date. */
export interface GuideInput {
  readonly brand: Brand
  /** URL of the MCP endpoint. */
  readonly mcpUrl: string
  readonly requireAuth: boolean
  /** Seconds; absent while the service is misconfigured. */
  readonly lifetimes?: { readonly accessToken: number; readonly refreshToken: number; readonly grant: number }
  /** Calls of tools, by whom they are counted; absent: not limited. */
  readonly limits: { readonly user?: Limit | undefined; readonly address?: Limit | undefined }
}

interface Limit {
  readonly limit: number
  readonly windowSeconds: number
}

/** One part of the guide. In its paragraphs, what stands between backticks is to be typed as it is. */
export interface GuideSection {
  readonly heading: string
  readonly paragraphs: readonly string[]
}

/** The guide without its title; the same for people (`frontPage`) and for programs (`guideMarkdown`). */
export function guide(input: GuideInput): readonly GuideSection[] {
  const { brand, mcpUrl, requireAuth, lifetimes, limits } = input
  const questions = [
    limits.user && `${callsIn(limits.user)} for each person who has signed in, wherever they ask from.`,
    !requireAuth &&
      limits.address &&
      `${callsIn(limits.address)} for all together at one network address who have not signed in.`,
  ].filter((line) => typeof line === 'string')
  return [
    {
      heading: 'Connect',
      paragraphs: [
        `Give this address to Claude, ChatGPT, Cursor, VS Code or another MCP client: \`${mcpUrl}\``,
        `In Claude Code: \`claude mcp add --scope user --transport http docs ${mcpUrl}\``,
        `In clients with a file of settings: \`{ "mcpServers": { "docs": { "url": "${mcpUrl}" } } }\``,
      ],
    },
    {
      heading: 'Sign in',
      paragraphs: [
        `${requireAuth ? 'The client opens' : 'You may ask without signing in. If you want to, the client opens'} a page on which you continue with ${brand.provider}. There is no key to copy.`,
        `${brand.name} records your e-mail address and organization, and when you use which client. ${brand.answerService}, which answers, is told them with your questions.`,
      ],
    },
    ...(lifetimes
      ? [
          {
            heading: 'Staying signed in',
            paragraphs: [
              `The client renews its access every ${duration(lifetimes.accessToken)} without asking you. You sign in again if you have not used it for ${duration(lifetimes.refreshToken)}, and after ${duration(lifetimes.grant)} in any case.`,
            ],
          },
        ]
      : []),
    ...(questions.length > 0 ? [{ heading: 'How much you may ask', paragraphs: questions }] : []),
  ]
}

/** @param links what the guide ends with, by their texts */
export function guideMarkdown(title: string, sections: readonly GuideSection[], links: Record<string, string>): string {
  const parts = sections.map(({ heading, paragraphs }) => `## ${heading}\n\n${paragraphs.join('\n\n')}\n`)
  const list = Object.entries(links).map(([text, url]) => `- [${text}](${url})\n`)
  return [`# ${title}\n`, ...parts, ...(list.length > 0 ? [list.join('')] : [])].join('\n')
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
function duration(seconds: number): string {
  const [name, size] = units.find(([, size]) => seconds % size === 0) ?? ['second', 1]
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
