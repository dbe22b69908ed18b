import type { Description } from './description.ts'

export const brand = {
  MCP_BRAND_NAME: { what: 'Who runs the service.', example: 'Example' },
  MCP_PRODUCT_NAME: {
    what: 'What users sign in to.',
    default: '`<brand> documentation`',
    example: 'Example documentation',
  },
  MCP_BRAND_COLOR: {
    what: 'The color of the main button. In `.env`, put it in quotes, because `#` begins a comment there.',
    more: 'The service makes it darker or lighter where the text on it would be hard to read.',
    example: '#1f6feb',
  },
  MCP_LOGO_URL: {
    what: 'The logo at the top of every page, in place of a letter: an image of any form, shown 28 px high.',
    more: 'It must be recognizable on light and on dark. The browser loads it from this address, without a referrer.',
    example: 'https://example.com/logo.svg',
  },
  MCP_BACKGROUND: {
    what: 'What is behind the card of each page: one color, or two for a gradient. In `.env`, put it in quotes.',
    more: 'The service chooses dark or white text for it. Where neither is readable, there is no background.',
    default: 'light or dark, as the browser prefers',
    example: '#0b3d91 #1f6feb',
  },
  MCP_CONSENT_TITLE: {
    what: 'The headline of the consent page. `{app}` stands for where the app is from, `{product}` for the product.',
    default: '`Connect {app} to {product}`',
    example: 'Let {app} read {product}',
  },
  MCP_CONSENT_MESSAGE: {
    what: 'A paragraph below that headline.',
    default: 'none',
    example: 'Sign in with the account that you use for support.',
  },
  MCP_APPROVE_BUTTON: {
    what: 'The text of the button that approves.',
    default: '`Continue with <provider>`',
    example: 'Sign in and connect',
  },
  MCP_CANCEL_BUTTON: { what: 'The text of the button that cancels.', default: '`Cancel`', example: 'Not now' },
  MCP_FINISHED_TITLE: {
    what: 'The headline of the page that says that a sign-in is finished, where the app cannot say so itself.',
    default: '`This sign-in is finished`',
    example: 'You are connected',
  },
  MCP_FINISHED_MESSAGE: {
    what: 'The text below that headline.',
    default: 'what the user can do next',
    example: 'Close this page and ask your first question.',
  },
  MCP_ERROR_MESSAGE: {
    what: 'A paragraph on each error page of the sign-in, after what the user can do.',
    default: 'none',
    example: 'If you need help, write to the channel docs-help.',
  },
  MCP_PROVIDER_NAME: {
    what: 'The name of the OpenID Provider that users know: “Continue with …”.',
    default: '`Redpanda Cloud`; with a brand of your own: its name',
    example: 'Example Cloud',
  },
  MCP_ANSWER_SERVICE: {
    what: 'The name of the service that answers the questions, for the consent page.',
    example: 'Kapa',
  },
  MCP_DOCS_URL: {
    what: 'Where users read how to connect.',
    more: 'It is on the pages, in the metadata and server cards and in a 401, and a browser that opens `/mcp` is sent there.',
    default: 'not on the pages; elsewhere the issuer, whose front page explains it',
    example: 'https://docs.example.com/mcp-server',
  },
  MCP_SUPPORT_URL: {
    what: 'Where users find help.',
    default: 'none: no link',
    example: 'https://example.com/support',
  },
  MCP_OAUTH_SIGNUP_URL: { what: 'Where users get an account.', example: 'https://example.com/sign-up' },
  MCP_OAUTH_PRIVACY_URL: { what: 'The privacy policy.', example: 'https://example.com/privacy' },
} as const satisfies Readonly<Record<string, Description>>
