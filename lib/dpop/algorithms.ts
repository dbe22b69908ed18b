/**
 * The algorithms of DPoP proofs, which the metadata names (RFC 9449 §5.1, §11.6). Never `none` and never a symmetric algorithm.
 */
export const proofAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const
export type ProofAlgorithm = (typeof proofAlgorithms)[number]
