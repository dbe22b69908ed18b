import { initialize } from '../clients.ts'
import { challengeIn, described, type Examination, isRedirect } from '../examination.ts'
import type { Answer } from '../network.ts'
import { checkRedirect, places } from './discovery.ts'

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
/** A header with a token that this service never issued. It is not a secret. */
const noToken = 'Bearer mcp-oauth-broker-doctor'

/** Checks what /mcp answers to clients without a token, and to a token that it does not know. */
export async function checkChallenge(examination: Examination): Promise<void> {
  const { ask, found, mcpUrl } = examination
  const asked = { url: mcpUrl, method: 'POST', headers: json, body: initialize } as const
  examination.fact('401 with the way to the sign-in')
  const [posted, got, refused] = await Promise.all([
    ask(asked),
    ask({ url: mcpUrl, headers: { accept: 'text/event-stream' } }),
    ask({ ...asked, headers: { ...json, authorization: noToken } }),
  ])
  if (posted && !checkRedirect(examination, posted)) {
    if (posted.status === 200 && isMcp(posted)) found('open-to-all', described(posted))
    else checkUnauthorized(examination, posted)
  }
  // A service without a sign-in answers a GET with 405.
  if (got && got.status !== 405 && !checkRedirect(examination, got)) checkUnauthorized(examination, got)
  if (refused && !isRedirect(refused)) checkRefused(examination, posted, refused)
}

/** Whether this is the answer of an MCP server, as JSON or as an event. */
const isMcp = ({ text }: Answer) => /"protocolVersion"/.test(text)

function checkUnauthorized({ origin, found }: Examination, answer: Answer): void {
  if (answer.status !== 401) return void found('mcp-refuses', described(answer))
  const challenge = challengeIn(answer)
  if (!challenge) return void found('challenge-missing', described(answer))
  const named = challenge.get('resource_metadata')
  if (named !== origin + places.resource) {
    found('challenge-differs', `${answer.request}: resource_metadata is ${named?.slice(0, 200) ?? 'missing'}`)
  }
}

function checkRefused({ found }: Examination, without: Answer | null, answer: Answer): void {
  const error = challengeIn(answer)?.get('error')
  if (answer.status === 401 && error === 'invalid_token') return
  // If there is no challenge at all, the check of requests without a token reports it.
  const isSame = without !== null && answer.status === without.status
  if (isSame && answer.status === 401 && challengeIn(answer) === null) return
  if (isSame && error === undefined) {
    found('authorization-stripped', `${answer.request} with a token is answered ${answer.status}, like one without`)
  } else found('token-refused-otherwise', `${described(answer)}${error === undefined ? '' : ` (${error})`}`)
}
