import { capabilities } from '../../capabilities.ts'
import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'

/** Only `response_type=code`, answered in the query. */
export function checkResponseType(parameters: Parameters): void {
  const responseType = parameters.get('response_type')
  if (responseType === undefined) throw new OAuthError('invalid_request', 'response_type is missing')
  if (!capabilities.responseTypes.some((type) => type === responseType)) {
    throw new OAuthError('unsupported_response_type', 'use response_type=code')
  }
  const responseMode = parameters.get('response_mode')
  if (responseMode !== undefined && !capabilities.responseModes.some((mode) => mode === responseMode)) {
    throw new OAuthError('invalid_request', 'use response_mode=query')
  }
}
