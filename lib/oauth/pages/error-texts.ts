import type { Brand } from '../../pages/brand.ts'
import type { ErrorKind } from '../errors.ts'

export interface ErrorText {
  readonly title: string
  readonly happened: string
  readonly remedy: string
  /** Replaces the remedy if a button below it starts the sign-in again. */
  readonly remedyHere?: string
  /** A list after the remedy, if the way depends on the app. */
  readonly ways?: readonly string[]
  readonly besides?: string
}

const CONNECT_AGAIN = 'Go back to your app and connect again.'
const WAIT = 'Wait a minute, then connect again from your app.'

/** Tells the user what happened and what to do about it. */
export function errorText(kind: ErrorKind, { name, productName, provider }: Brand): ErrorText {
  const texts: Record<ErrorKind, ErrorText> = {
    expired: {
      title: 'This sign-in has expired',
      happened: 'It was left open for too long. Nothing was shared.',
      remedy: CONNECT_AGAIN,
      remedyHere:
        'Start it again here if you still want to connect this app, or go back to your app and connect again.',
    },
    'other-browser': {
      title: 'This sign-in cannot be finished here',
      happened: 'For your safety, it works only once, soon after you approved it, and in the same browser.',
      remedy:
        'If your app says that it is connected, close this page. Otherwise, go back to your app and connect again. If your browser blocks cookies, allow them for this site.',
    },
    'unknown-client': {
      title: 'We no longer recognize this app',
      happened: `Its registration with ${productName} is missing or no longer valid.`,
      remedy: 'In your app, remove this connector and add it again:',
      ways: ['in Claude and ChatGPT under Settings, Connectors', 'elsewhere in the list of MCP servers'],
      besides: 'If it connects through mcp-remote, delete the folder .mcp-auth in your home folder first.',
    },
    'client-unavailable': {
      title: 'We could not check this app',
      happened: 'The site of its publisher did not answer, so we cannot tell which app is asking.',
      remedy: WAIT,
    },
    'invalid-redirect-uri': {
      title: 'We stopped this sign-in',
      happened: 'The app asked us to send you to an address that it has not registered.',
      remedy:
        'If you followed a link from a message or a website, close this page. Otherwise, remove the connector in your app and add it again.',
    },
    'invalid-request': {
      title: 'The app’s request is not complete',
      happened: 'Something in it is missing or not allowed.',
      remedy: 'Update your app and connect again. If that does not help, show the details below to its developers.',
    },
    'not-configured': {
      title: 'Sign-in is not available yet',
      happened: `${productName} is not fully set up for sign-in. Nothing is wrong with your app or your account.`,
      remedy: `Try again later. If this continues, send ${name} the code and the request ID below.`,
    },
    'sign-in-unavailable': {
      title: `${provider} is not responding`,
      happened: 'We could not sign you in just now. Nothing is wrong with your app or your account.',
      remedy: 'Wait a moment, then reload this page. It continues where it stopped.',
    },
    'sign-in-stuck': {
      title: `${provider} did not finish the sign-in`,
      happened: 'It did not tell us who you are, and we have asked more than once. Nothing was shared.',
      remedy: WAIT,
      remedyHere: 'Wait a minute, then start it again here, or go back to your app and connect again.',
    },
    'not-allowed': {
      title: 'Your account may not use this',
      happened: `You are signed in, but ${name} has not opened ${productName} to this account.`,
      remedy: `If you have another account, connect again with it. Otherwise, ask ${name} for access.`,
      remedyHere: `If you have another account, sign in with it here. Otherwise, ask ${name} for access.`,
    },
    'login-expired': {
      title: 'This sign-in has expired',
      happened: 'It was left open for too long. You are not signed in.',
      remedy: 'Start it again.',
    },
    'login-failed': {
      title: 'You are not signed in',
      happened: `${provider} did not confirm who you are, or you canceled there.`,
      remedy: 'You can start again at any time.',
    },
    'account-unsuitable': {
      title: `${provider} did not confirm enough about you`,
      happened: `You are signed in at ${provider}, but this account cannot be used here. Nothing was shared.`,
      remedy: 'Use another account, or another way to sign in.',
    },
    'too-many-sign-ins': {
      title: 'Too many sign-ins at once',
      happened: 'Many sign-ins were started within a short time.',
      remedy: 'Finish or close the others, wait a few minutes, and connect again from your app.',
    },
    'cross-site': {
      title: 'We refused this request',
      happened: 'It did not come from our own page, as it should. Nothing was shared.',
      remedy: 'If you want to connect an app, start again from that app.',
    },
    'not-navigated': {
      title: 'We refused this request',
      happened: 'It was made from within another page, not by opening this address. Nothing was shared.',
      remedy: 'If you want to connect an app, start again from that app.',
    },
    speculative: {
      title: 'This page was loaded ahead of time',
      happened: 'Your browser loaded it before you opened it. Nothing was shared.',
      remedy: 'Reload this page to continue.',
    },
    unexpected: {
      title: 'Something went wrong',
      happened: 'The fault is on our side, not in your app or your account.',
      remedy: `${WAIT} If it happens again, send ${name} the code and the request ID below.`,
    },
  }
  return texts[kind]
}
