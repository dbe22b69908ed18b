import { duration, type GuideSection, serverName } from './guide.ts'
import { bullets, table } from './markdown.ts'
import type { ReaderPageInput } from './reader-page.ts'

/** What readers meet, by what they see of it. */
export function troubleshooting(input: ReaderPageInput): readonly GuideSection[] {
  const { brand, mcpUrl, requireWorkEmail } = input
  const answers = [
    [
      '401',
      'Without `invalid_token` it is the question to sign in: the client should open your browser. If it does not, update it, remove the server and add it again. `invalid_token`: the token has expired, you have signed out, or it is for another server, or a placeholder stands where the client should have put it: take such a header out, and sign in again if the client does not by itself.',
    ],
    [
      '403 `insufficient_scope`',
      'The client asked for less than the tool needs: let it sign in again, or remove the server and add it again.',
    ],
    ...(requireWorkEmail ? [['403 `work_email_required`', 'Sign in with your address at work.'] as const] : []),
    [
      '403 `this origin may not use the server`',
      `A web page that ${brand.name} has not allowed calls a tool without a sign-in: let its client sign you in.`,
    ],
    [
      '405 `The MCP server is at …`',
      'The client was given the address of the site. Give it the one that stands there.',
    ],
    [
      '406 `Not acceptable`',
      'The header `Accept` of the client allows neither `application/json` nor `text/event-stream`.',
    ],
    [
      '429',
      'You, or a program in your name, have asked too much. It says when to go on. Keep answers that you need often.',
    ],
    ['503', 'The fault is on our side, and your sign-in is still good: try again.'],
    ['`timeout`, `upstream_error` of a tool', 'What answers was too slow, or failed: ask again, or more briefly.'],
  ] as const
  return [
    {
      heading: 'The server does not connect',
      paragraphs: [
        bullets([
          `The address is \`${mcpUrl}\`, to the letter, and the transport is HTTP (\`--transport http\`, \`"type": "http"\`, *Streamable HTTP*), not stdio or SSE.`,
          'There is no header, token, client ID or secret to enter: take out what is there. With an `Authorization` header of yours, clients do not sign you in.',
          'An entry that runs `mcp-remote` in a client that can do without it: remove it, and add the address itself.',
          'Open the address in a browser: if you are led to a page, the server is there.',
          'Restart the client after a change of its settings.',
        ]),
      ],
    },
    {
      heading: 'VS Code',
      paragraphs: [
        bullets([
          'It is 1.102 or newer, GitHub Copilot is on, and the chat is in agent mode.',
          `*MCP: List Servers*, \`${serverName(brand)}\`, *Show Output* tells more; *MCP: Reset Cached Tools* reads the list of tools anew.`,
          'A 401 that stays: sign out of this server under *Accounts*, run *Authentication: Remove Dynamic Authentication Providers*, and start the server again.',
        ]),
      ],
    },
    { heading: 'Answers and what they mean', paragraphs: [table(['answer', 'what to do'], answers)] },
    {
      heading: 'Pages in the browser',
      paragraphs: [
        table(
          ['page', 'what to do'],
          [
            [
              'We no longer recognize this app',
              'The client holds a registration that this server does not know. Remove the server from the client, and add it again. For `mcp-remote`, delete the folder `.mcp-auth` in your home folder first.',
            ],
            ['We could not check this app', "The site of the client's publisher did not answer: wait a minute."],
            [
              'This sign-in cannot be finished here',
              'It was started in another browser or profile, or too long ago, or the browser blocks cookies: start again from the client.',
            ],
            [
              'The browser cannot open `localhost`',
              'The client was closed meanwhile, or runs on another machine than the browser: start again there, or forward its port.',
            ],
          ],
        ),
        'An error page shows a request ID. Whoever helps you can look it up.',
      ],
    },
  ]
}

/** How to sign out, and whom to write to. */
export function ending({ brand, lifetimes }: ReaderPageInput): GuideSection {
  const name = serverName(brand)
  const unused = lifetimes ? `ends unused, after ${duration(lifetimes.refreshToken)}` : 'ends unused'
  const contact = brand.supportUrl
    ? `write to [${brand.name}](${brand.supportUrl})`
    : brand.privacyUrl
      ? `write to ${brand.name}: the [privacy policy](${brand.privacyUrl}) says where`
      : `write to ${brand.name}`
  return {
    heading: 'Sign out, and have your data deleted',
    paragraphs: [
      `Sign out of the server in your client, and remove it there; in Claude Code \`claude mcp logout ${name}\`, then \`claude mcp remove --scope user ${name}\`. If the client tells the server so, what it had stops working within a minute. Otherwise the connection ${unused}.`,
      `To have it ended at once in any case, or to have what is recorded about you deleted, ${contact}.`,
    ],
  }
}
