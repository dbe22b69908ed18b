import type { Log } from '../log.ts'
import type { RegistrationResponse, Registrations } from './clients/registration.ts'
import { OAuthError } from './errors.ts'
import { readText } from './parameters.ts'
import { sha256 } from './sha256.ts'

/** Bytes; R-12. */
const maxBytes = 16_384

/** `POST /oauth/register` (RFC 7591 §3). Stores nothing: the client_id is the registration. Throws `OAuthError`. */
export async function register(
  request: Request,
  registrations: Registrations,
  log: Log,
): Promise<RegistrationResponse> {
  const registered = await registrations.register(await readJson(request))
  if ('error' in registered) throw new OAuthError(registered.error, registered.description)
  log('client_registered', { client: sha256(registered.client_id) })
  return registered
}

/** whatever is not JSON is `invalid_client_metadata`. */
async function readJson(request: Request): Promise<unknown> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new OAuthError('invalid_client_metadata', 'the content type must be application/json')
  }
  try {
    return JSON.parse(await readText(request, maxBytes))
  } catch (error) {
    throw new OAuthError(
      'invalid_client_metadata',
      error instanceof OAuthError ? error.description : 'the body is not JSON',
    )
  }
}
