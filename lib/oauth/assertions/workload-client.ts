import type { Machine } from './trusted-issuer.ts'

/** The `client_id` of a machine's tokens. A workload has no client: no `client_id` looks like what stands for it. */
export const clientIdOf = ({ name, proof }: Pick<Machine, 'name' | 'proof'>): string =>
  proof.kind === 'client' ? proof.clientId : `machine:${name}`
