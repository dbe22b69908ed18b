import type { ClientAuthenticationMethod } from './client.ts'

/** What each method proves: nothing; knowing a secret that travels; holding a key that does not. */
const strength: Record<ClientAuthenticationMethod, number> = {
  none: 0,
  client_secret_post: 1,
  client_secret_basic: 1,
  private_key_jwt: 2,
}

/** Whether a method proves less than another (T-10). Both ways of sending a secret prove the same (T-08). */
export function isWeaker(method: ClientAuthenticationMethod, than: ClientAuthenticationMethod): boolean {
  return strength[method] < strength[than]
}

/** What binds a grant from now on: the method it began with, unless this one proves more. */
export function strongerOf(
  bound: ClientAuthenticationMethod,
  shown: ClientAuthenticationMethod,
): ClientAuthenticationMethod {
  return isWeaker(bound, shown) ? shown : bound
}
