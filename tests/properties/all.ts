import { anyRequest } from './any-request.ts'
import { authorizationParameters, withoutInterstitial } from './authorization.ts'
import { authorizationHeaders, goodHeaders, tokenContents } from './bearer.ts'
import { callbacks } from './callback.ts'
import { cookieHeaders } from './cookies.ts'
import { documents } from './documents.ts'
import { fetchedBytes } from './fetch-untrusted.ts'
import { forms } from './forms.ts'
import { absentMembers, wrongMembers } from './mcp/absent-members.ts'
import { acceptHeaders } from './mcp/accept.ts'
import { admission } from './mcp/admission.ts'
import { toolArguments } from './mcp/arguments.ts'
import { oddUpstreams } from './mcp/odd-upstream.ts'
import { retryAfterHeaders, toolSettings } from './mcp/settings.ts'
import { strayHeaders } from './mcp/stray-headers.ts'
import { upstreamAnswers } from './mcp/upstream-answers.ts'
import { messages } from './messages.ts'
import { outboxLosesNothing } from './outbox.ts'
import type { Property } from './property.ts'
import { providerRedirects } from './provider-redirect.ts'
import { redirectsOnlyToWhatIsRegistered, registeredUrisMatchThemselves } from './redirect-uris.ts'
import { nothingIsAbsent, registrations } from './registration.ts'
import { sealedValues } from './sealed-values.ts'
import { stateMachine } from './state-machine.ts'
import { tokenRequests } from './token.ts'

/** The properties that `npm run fuzz` checks. */
export const properties: readonly Property[] = [
  stateMachine,
  redirectsOnlyToWhatIsRegistered,
  registeredUrisMatchThemselves,
  authorizationParameters,
  withoutInterstitial,
  tokenRequests,
  sealedValues,
  forms,
  cookieHeaders,
  registrations,
  nothingIsAbsent,
  documents,
  callbacks,
  providerRedirects,
  fetchedBytes,
  anyRequest,
  authorizationHeaders,
  goodHeaders,
  tokenContents,
  messages,
  acceptHeaders,
  absentMembers,
  wrongMembers,
  strayHeaders,
  admission,
  toolArguments,
  upstreamAnswers,
  oddUpstreams,
  toolSettings,
  retryAfterHeaders,
  outboxLosesNothing,
]
