import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'

/** Neither request objects nor pushed requests are offered, and no `request_uri` is ever fetched. */
export function refuseRequestObjects(parameters: Parameters): void {
  if (parameters.all('request').length > 0) {
    throw new OAuthError('request_not_supported', 'request objects are not supported')
  }
  if (parameters.all('request_uri').length > 0) {
    throw new OAuthError('request_uri_not_supported', 'request_uri is not supported')
  }
}
