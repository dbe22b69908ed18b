/** An issuer whose tokens the customers of a platform share. Its own rules must say whose workload it is (N9). */
export interface SharedIssuer {
  readonly name: string
  isIssuer(issuer: string): boolean
  /** Claims that name the owner and never change hands. One of them is needed. */
  readonly owner: readonly string[]
  /** Claims that say which branch or environment runs. One of them is needed, unless the operator waives it. */
  readonly place: readonly string[]
}

const oneOf =
  (...issuers: readonly string[]) =>
  (issuer: string) =>
    issuers.includes(issuer.replace(/\/$/, ''))

export const sharedIssuers: readonly SharedIssuer[] = [
  {
    name: 'GitHub Actions',
    // An enterprise may have its own issuer below this one. Its organizations share it in the same way.
    isIssuer: (issuer) => /^https:\/\/token\.actions\.githubusercontent\.com(?:\/|$)/.test(issuer),
    owner: ['repository_owner_id', 'repository_id'],
    place: ['ref', 'environment'],
  },
  {
    name: 'GitLab',
    isIssuer: oneOf('https://gitlab.com'),
    owner: ['namespace_id', 'project_id'],
    place: ['ref', 'environment'],
  },
  {
    name: 'Buildkite',
    isIssuer: oneOf('https://agent.buildkite.com'),
    owner: ['organization_id', 'pipeline_id'],
    place: ['build_branch'],
  },
  {
    name: 'Google',
    isIssuer: oneOf('https://accounts.google.com'),
    owner: ['sub'],
    place: [],
  },
]
