import { guideTitle } from './guide.ts'
import type { GuideInput } from './input.ts'
import { installCommands } from './install.ts'
import { present } from './words.ts'

/** Addresses that a model may read next. */
export interface LlmsLinks {
  /** The guide as Markdown. */
  readonly guide: string
  readonly serverCard: string
  readonly authorizationServer: string
}

/**
 * Writes `/llms.txt`: what a model reads to find and use this server, in the form of https://llmstxt.org. A heading, a summary, then
 * lists of links.
 */
export function llmsText(input: GuideInput, links: LlmsLinks): string {
  const { brand, mcpUrl, tools, requireAuth, site } = input
  const signIn = requireAuth ? 'Users sign in with OAuth 2.1' : 'Signing in, with OAuth 2.1, is optional'
  const documentation = present<string>(
    brand.documentationUrl && link('Documentation', brand.documentationUrl, `the ${brand.productName}`),
    ...(site?.exports ?? []).map((url) => link('Export', url, 'the whole documentation as text')),
  )
  const sections = [
    [
      'Connect',
      [
        link(
          'MCP server',
          mcpUrl,
          `Streamable HTTP. ${signIn}: the client finds everything by itself, and needs no key`,
        ),
        link(
          'Guide',
          links.guide,
          'how to connect each client, limits, what is shared, troubleshooting; send `Accept: text/markdown`',
        ),
        link('Server card', links.serverCard, 'name, version, transport and protocol versions as JSON'),
        link('Authorization server', links.authorizationServer, 'its metadata (RFC 8414)'),
        ...installCommands(input).map(({ client, command }) => `- ${client}: \`${command}\``),
      ],
    ],
    ['Tools', tools.map(({ name, description }) => `- \`${name}\`: ${description.replaceAll(/\s+/g, ' ')}`)],
    ['Documentation', documentation],
  ] as const
  const shown = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}`)
  const summary = `An MCP server that answers questions from the ${brand.productName}, with passages and the addresses of their pages.`
  return `${[`# ${guideTitle(brand)}`, `> ${summary}`, ...shown].join('\n\n')}\n`
}

const link = (text: string, url: string, what: string) => `- [${text}](${url}): ${what}`
