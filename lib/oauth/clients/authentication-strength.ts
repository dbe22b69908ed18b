import type { ClientAuthenticationMethod } from './client.ts'

/** How strong each method is: 0 proves nothing, 1 proves a secret that travels, 2 proves a key that does not travel. */
const strength: Record<ClientAuthenticationMethod, number> = {
  none: 0,
  client_secret_post: 1,
  client_secret_basic: 1,
  private_key_jwt: 2,
}

/** Whether a method is weaker than another (T-10). Both ways to send a secret are equally strong (T-08). */
export function isWeaker(method: ClientAuthenticationMethod, than: ClientAuthenticationMethod): boolean {
  return strength[method] < strength[than]
}

/** Returns the method that a grant requires from now on: the stronger of the two. */
export function strongerOf(
  bound: ClientAuthenticationMethod,
  shown: ClientAuthenticationMethod,
): ClientAuthenticationMethod {
  return isWeaker(bound, shown) ? shown : bound
}
