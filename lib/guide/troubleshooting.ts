import type { GuideInput, GuideSection } from './input.ts'
import { duration, serverName } from './words.ts'

/** What readers see when something fails, and what to do about it. */
export function troubleshooting(input: GuideInput): GuideSection {
  return {
    heading: 'Troubleshooting',
    blocks: [],
    parts: [connection(input), vsCode(input), answers(input), pages],
  }
}

const connection = ({ mcpUrl }: GuideInput): GuideSection => ({
  heading: 'The server does not connect',
  blocks: [
    {
      items: [
        `Check the address: it is exactly \`${mcpUrl}\`. The transport is HTTP (\`--transport http\`, \`"type": "http"\`, *Streamable HTTP*), not stdio or SSE.`,
        'Remove any header, token, client ID or secret that you have entered. A client that has an `Authorization` header of its own does not sign you in.',
        'If the client supports remote servers, replace an entry that runs `mcp-remote` with the address itself.',
        'Open the address in a browser. If it leads to a page, the server is running.',
        'Restart the client after you change its settings.',
      ],
    },
  ],
})

const vsCode = ({ brand }: GuideInput): GuideSection => ({
  heading: 'VS Code',
  blocks: [
    {
      items: [
        'Check that VS Code is 1.102 or newer, that GitHub Copilot is on, and that the chat is in agent mode.',
        `*MCP: List Servers*, \`${serverName(brand)}\`, *Show Output* shows details. *MCP: Reset Cached Tools* reads the list of tools again.`,
        'If a 401 stays, sign out of this server under *Accounts*, run *Authentication: Remove Dynamic Authentication Providers*, and start the server again.',
      ],
    },
  ],
})

const answers = ({ brand, requireWorkEmail }: GuideInput): GuideSection => ({
  heading: 'Answers and what they mean',
  blocks: [
    {
      columns: ['answer', 'what to do'],
      rows: [
        [
          '401',
          'The server asks you to sign in. Your client should open your browser. If it does not, update the client, remove the server and add it again.',
        ],
        [
          '401 `invalid_token`',
          'The token has expired, you have signed out, or the token is for another server. Sign in again if the client does not do so by itself. If you have configured a header with a token or a placeholder, remove it.',
        ],
        [
          '403 `insufficient_scope`',
          'The client asked for fewer permissions than the tool needs. Sign in again, or remove the server and add it again.',
        ],
        ...(requireWorkEmail ? [['403 `work_email_required`', 'Sign in with your work email address.']] : []),
        [
          '403 `this origin may not use the server`',
          `A web page that ${brand.name} has not allowed called a tool without a sign-in. Sign in through the client on that page.`,
        ],
        [
          '405 `The MCP server is at …`',
          'The client has the address of the site. Give it the address in the message instead.',
        ],
        [
          '406 `Not acceptable`',
          "The client's `Accept` header allows neither `application/json` nor `text/event-stream`.",
        ],
        [
          '429',
          'You, or a program that uses your account, have reached the limit. The answer says when to continue. Keep answers that you need often.',
        ],
        ['503', 'The fault is on our side, and you are still signed in. Try again.'],
        [
          '`timeout` or `upstream_error` of a tool',
          'The answer took too long or failed. Ask again, or ask a shorter question.',
        ],
      ],
    },
  ],
})

const pages: GuideSection = {
  heading: 'Pages in the browser',
  blocks: [
    {
      columns: ['page', 'what to do'],
      rows: Object.entries({
        'We no longer recognize this app':
          'The client has a registration that this server does not know. Remove the server from the client, and add it again. For `mcp-remote`, delete the folder `.mcp-auth` in your home folder first.',
        'We could not check this app':
          "The site of the client's publisher did not answer. Wait a minute and try again.",
        'This sign-in cannot be finished here':
          'The sign-in began in another browser or profile, began too long ago, or the browser blocks cookies. Start again from the client.',
        'The browser cannot open `localhost`':
          'The client has closed, or it runs on another machine than the browser. Start again on the same machine, or forward the port.',
      }),
    },
    'Each page of the sign-in shows a code in small print, an error page too. Tell it to the team that helps you: it leads to what happened, and gives no access.',
  ],
}

/** How to sign out, and how to have data deleted. */
export function signOut({ brand, lifetimes, example, accountUrl }: GuideInput): GuideSection {
  const name = serverName(brand)
  const expires = lifetimes ? `${duration(lifetimes.refreshToken)} after its last use` : 'some time after its last use'
  const contact = brand.supportUrl
    ? `write to [${brand.name}](${brand.supportUrl})`
    : brand.privacyUrl
      ? `write to ${brand.name}; the [privacy policy](${brand.privacyUrl}) has the address`
      : `write to ${brand.name}`
  const whichClients = example
    ? ` [Which clients tell it](${example.clientPages}README.md#what-ends-when-i-remove-it).`
    : ''
  return {
    heading: 'Sign out, and have your data deleted',
    blocks: [
      `Sign out of the server in your client, then remove the server there. In Claude Code, run \`claude mcp logout ${name}\`, then \`claude mcp remove --scope user ${name}\`. If the client tells the server, its access ends within a minute. Otherwise it ends ${expires}.${whichClients}`,
      accountUrl === undefined
        ? `To end the access at once in any case, or to have the record about you deleted, ${contact}.`
        : `On [your account page](${accountUrl}) you see every client that is connected as you. There you can end its access at once, download what is held on you, and have it deleted. If you cannot sign in there, ${contact}.`,
    ],
  }
}
