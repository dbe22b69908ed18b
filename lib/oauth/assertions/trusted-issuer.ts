import type { KeySource } from '../clients/client-keys.ts'

/** An issuer of assertions that the operator trusts. */
export interface TrustedIssuer {
  /** The exact `iss`. */
  readonly issuer: string
  /** Where its keys are. `undefined`: its metadata says so. */
  readonly keys: KeySource | undefined
}

/** A company whose identity system speaks for its people (enterprise-managed authorization). */
export interface Tenant extends TrustedIssuer {
  /** Of letters, digits and hyphens. It is the company in usage, plans and reports. */
  readonly name: string
  /** The company as pages show it. */
  readonly title: string | undefined
  /** The email domains that the tenant alone may speak for (N7). As `normalDomain` spells them. */
  readonly domains: ReadonlySet<string>
  /** The `client_id`s that may present its assertions. `undefined`: any client that its assertion names. */
  readonly clients: ReadonlySet<string> | undefined
  /** Whether a client that cannot authenticate may present its assertions (N9). */
  readonly publicClients: boolean
  /** The most scopes of its people, also where the assertion names none. `undefined`: what the assertion says. */
  readonly scope: readonly string[] | undefined
}

/** A program that gets tokens for itself. */
export interface Machine {
  /** Of letters, digits and hyphens. */
  readonly name: string
  readonly scope: readonly string[]
  /** Tool calls in a window. `undefined`: the limit for machines. 0: no limit. */
  readonly limit: number | undefined
  readonly proof: ClientProof | WorkloadProof
}

/** A machine that authenticates as a client: `client_credentials`. */
export interface ClientProof {
  readonly kind: 'client'
  readonly clientId: string
}

/** A machine that its platform vouches for: workload identity. */
export interface WorkloadProof extends TrustedIssuer {
  readonly kind: 'workload'
  readonly claims: ClaimPatterns
}

/** What the claims of a workload's token must be. An object stands for the members of a claim that is an object. */
export interface ClaimPatterns {
  readonly [claim: string]: string | ClaimPatterns
}

/** The companies and machines of the settings. */
export interface Assertions {
  readonly tenants: readonly Tenant[]
  readonly machines: readonly Machine[]
}
