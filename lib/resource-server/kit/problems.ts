/** The options are wrong, or the authorization server is not what they say. The message is for the developer. */
export class ConfigurationProblem extends Error {
  override readonly name = 'ConfigurationProblem'
}

/** An authorization server did not answer, or its answer cannot be used. The request gets 503, never 401. */
export class AuthorizationServerUnavailable extends Error {
  override readonly name = 'AuthorizationServerUnavailable'
  readonly issuer: string

  constructor(issuer: string, reason: string) {
    super(reason)
    this.issuer = issuer
  }
}
