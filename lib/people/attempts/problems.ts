/** Why an attempt stopped, and what the operator or the user can do, whichever client it is. */
interface ProblemText {
  /** What happened, as the conclusion of the story. */
  readonly happened: string
  readonly remedy: string
}

const startAgain = 'Ask the user to start again from the client, and to finish in one go, in one browser.'
const atProvider = 'Look at the log of the OpenID Provider at this time, and at `upstream_failed` in the log.'
const wait = 'Ask the user to wait a minute and to connect again.'
const clientFault =
  'The fault is in the client. Ask the user to update it, and report it to its developers with the line above.'

export const problems = {
  'unknown-client': {
    happened: 'The service does not know the client: its registration is for another server, or the client is blocked.',
    remedy:
      'Ask the user to remove the server from the client and to add it again. If `MCP_OAUTH_BLOCKED_CLIENTS` blocks the client, that is why.',
  },
  'client-unavailable': {
    happened: "The site of the client's publisher did not answer, so the service could not read the client's document.",
    remedy: wait,
  },
  'too-many-sign-ins': {
    happened: 'Many sign-ins with metadata documents began at this network address within a short time.',
    remedy: 'Ask the user to wait ten minutes. If many users share the address, add it to `MCP_OAUTH_LIMIT_EXEMPT`.',
  },
  'invalid-redirect-uri': {
    happened:
      'The client asked to be answered at an address that it has not registered, or that the service does not accept.',
    remedy: 'Ask the user to remove the server from the client and to add it again, so that the client registers anew.',
  },
  'invalid-request': { happened: "The client's request is not complete or not allowed.", remedy: clientFault },
  canceled: {
    happened: 'The user pressed Cancel.',
    remedy: 'If the user did not mean to, ask the user to connect again.',
  },
  'left-consent': { happened: 'The user was shown the sign-in page and pressed no button.', remedy: startAgain },
  'left-provider': {
    happened: 'The user approved, and never came back from the OpenID Provider.',
    remedy: `Ask the user what the OpenID Provider showed. ${atProvider}`,
  },
  'left-confirmation': {
    happened: 'The user signed in, and pressed no button on the page that asks whether to go on.',
    remedy: 'Ask the user to connect again, and to press the button of the last page.',
  },
  expired: { happened: 'The user took too long, and the page had expired.', remedy: startAgain },
  'other-browser': {
    happened:
      'The browser that came back does not hold this sign-in: it is another browser or profile, it blocks cookies, or too much time has passed.',
    remedy: `${startAgain} The browser must allow cookies for this site.`,
  },
  'provider-unavailable': { happened: 'The OpenID Provider did not answer.', remedy: `${wait} ${atProvider}` },
  'provider-refused': {
    happened: 'The OpenID Provider, or the user there, refused the sign-in.',
    remedy: `Check at the OpenID Provider whether the user may use this application. ${atProvider}`,
  },
  'provider-stuck': {
    happened: 'The OpenID Provider was asked more than once, and did not say who signed in.',
    remedy: `${wait} ${atProvider}`,
  },
  'provider-invalid': {
    happened: 'The answer of the OpenID Provider did not prove who signed in.',
    remedy: `${atProvider} If it stays, the provider or this service is set up wrongly.`,
  },
  'not-configured': {
    happened: 'Sign-in is not set up correctly.',
    remedy:
      'Look for `misconfigured` and `upstream_failed` in the log. Every sign-in fails until the settings are right.',
  },
  'code-not-redeemed': {
    happened: 'The client was given a code, and never exchanged it.',
    remedy:
      'The answer did not reach the client: it was closed, it runs on another machine than the browser, or the page was not opened. Ask the user to start again on one machine.',
  },
  'code-expired': {
    happened: 'The client exchanged its code too late: a code is valid for 60 seconds.',
    remedy:
      'Ask the user to connect again. If it happens again, check the clock and the network of the machine on which the client runs.',
  },
  'code-used': {
    happened: 'The code was used twice, so the service ended the connection.',
    remedy:
      'Ask the user to connect again. If it happens again, the client repeats its request, or another program reads its answers.',
  },
  'token-refused': { happened: 'The service refused to exchange the code.', remedy: clientFault },
  'client-authentication': {
    happened: 'The client did not authenticate as it has to.',
    remedy: 'Ask the user to remove any client ID or secret that was entered by hand, and to add the server again.',
  },
  'no-call': {
    happened: 'The sign-in is complete. The client has its tokens and has not sent a request to `/mcp` since.',
    remedy:
      'Ask the user to restart the client, to check that the server is turned on there, and that the address ends in `/mcp`.',
  },
  'not-allowed': {
    happened: 'The role of the account allows nothing here.',
    remedy:
      'If the user should have access, add the account to a role in `MCP_ROLES`, or to the group at the OpenID Provider.',
  },
  'work-email': {
    happened: 'The user is signed in. The service refuses the calls, because the email address is not a work address.',
    remedy: 'Ask the user to sign in with a work email address.',
  },
  scope: {
    happened:
      'The user is signed in. The service refuses a tool, because the client did not ask for it, or the user left it out.',
    remedy: 'Ask the user to sign out, to sign in again, and to leave *Leave this out* unticked.',
  },
  limit: {
    happened: 'The user is signed in, and has reached the limit of calls.',
    remedy: 'The client may go on when the window is over. `MCP_USER_LIMIT` and `MCP_PLANS` set the limit.',
  },
  origin: {
    happened: 'The calls come from a web page that may not use the server.',
    remedy: 'If you trust that page, add its origin to `MCP_ALLOWED_ORIGINS`.',
  },
  'refresh-expired': {
    happened:
      'The connection has ended: the client did not renew its token in time, or the connection reached its last day.',
    remedy: 'Ask the user to sign in again.',
  },
  'refresh-reused': {
    happened:
      'The connection has ended: an old refresh token was used again. Two copies of the client share one token, or it was stolen.',
    remedy: 'Ask the user to sign in again. If it happens again, each machine or profile needs a sign-in of its own.',
  },
  'refresh-refused': {
    happened: 'The service refused to renew the token.',
    remedy: 'Ask the user to remove the server from the client, to add it again and to sign in.',
  },
  revoked: { happened: 'The connection was ended.', remedy: 'Ask the user to sign in again.' },
  'our-fault': {
    happened: 'The service failed. The user and the client did nothing wrong.',
    remedy: 'Look in the log for the lines with this code. The client may try again.',
  },
} as const satisfies Readonly<Record<string, ProblemText>>

export type Problem = keyof typeof problems
