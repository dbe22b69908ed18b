import type { AttemptStep, ClientOfStep } from './step.ts'

/** Says a step as a sentence whose subject is the client, the user, the OpenID Provider or the service. */
export function wordsFor(step: AttemptStep, client: ClientOfStep): string {
  const { outcome, reason, detail } = step
  if (outcome === 'ok') return doneWords[step.step]?.(client, step) ?? `The step ${step.step} succeeded.`
  const why = detail ?? reason ?? 'no reason given'
  if (reason === 'canceled') return 'The user pressed Cancel.'
  if (step.step === 'provider' && reason === 'again') {
    return 'The OpenID Provider did not say who signed in. The service sent the browser there once more.'
  }
  return `${stoppedWords[step.step] ?? `The step ${step.step} ${outcome === 'refused' ? 'was refused' : 'failed'}`}: ${why}.`
}

const doneWords: Readonly<Record<string, (client: ClientOfStep, step: AttemptStep) => string>> = {
  consent: (client) => `The client opened the sign-in page. ${introduction(client)}`,
  approved: (client, { reason }) =>
    reason === 'trusted'
      ? `The client is trusted, so the user went to the OpenID Provider without the sign-in page. ${introduction(client)}`
      : 'The user approved, and went to the OpenID Provider.',
  confirmation: () => 'The user signed in, and was asked to confirm where the answer goes.',
  code: ({ sendsTo }) => `The user signed in. The client was given a code, at ${placeOf(sendsTo)}.`,
  token: () => 'The client exchanged its code for tokens.',
  'first-call': () => 'The client sent its first request to `/mcp`.',
  refresh: () => 'The client renewed its token on this day.',
  revocation: () => 'The client ended the connection.',
}

const stoppedWords: Readonly<Record<string, string>> = {
  request: 'The service refused the request of the client',
  document: "The service could not read the client's document",
  consent: 'The service did not accept the answer to the sign-in page',
  provider: 'The sign-in at the OpenID Provider did not succeed',
  callback: 'The browser came back from the OpenID Provider, and the service could not go on',
  confirmation: 'The service did not accept the answer to the last page',
  session: 'The sign-in to the account pages did not succeed',
  token: 'The service refused to exchange the code',
  refresh: 'The service refused to renew the token',
  call: 'The service refused a request to `/mcp`',
}

/** How the client introduced itself, and what of it is proven. */
function introduction({ name, verifiedHost, registeredAt, sendsTo }: ClientOfStep): string {
  const calls = name === undefined ? 'It gives no name' : `It calls itself “${shown(name)}”`
  const proof =
    verifiedHost !== undefined
      ? `a document at ${verifiedHost} describes it`
      : registeredAt !== undefined
        ? `it registered itself on ${new Date(registeredAt * 1000).toISOString().slice(0, 16).replace('T', ' at ')} UTC`
        : 'the configuration lists it'
  return `${calls}, and ${proof}. Its answer goes to ${placeOf(sendsTo)}.`
}

function placeOf(sendsTo: string | undefined): string {
  if (sendsTo === undefined) return 'the client'
  if (sendsTo === 'http:') return "a program on the user's own computer"
  return sendsTo.startsWith('https://') ? sendsTo : `the app for ${sendsTo}// links`
}

/** A client's own text, without characters that change how the text around it reads. */
const shown = (text: string) => text.replaceAll(/\p{C}/gu, '')
