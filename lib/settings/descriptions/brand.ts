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
