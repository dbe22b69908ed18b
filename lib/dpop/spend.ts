import { sha256 } from '../base/sha256.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import type { Proof } from './proof.ts'

/** The collection in the store. Its keys are `dpop-proofs/<end of the proof>/<hash of key and jti>`. */
export const spentProofs = 'dpop-proofs'

/** Spends a proof. Returns `false` if another request has used it. Throws `StoreUnavailable`. */
export type SpendProof = (proof: Proof, signal: AbortSignal) => Promise<boolean>

/** Makes the function that spends proofs, so that a `jti` of a key is used once (RFC 9449 §11.1). One write decides. */
export function createSpendProof(store: Pick<Store, 'create'>): SpendProof {
  return async ({ jkt, jti, endsAt }, signal) => {
    const key = `${spentProofs}/${endsAt}/${sha256(`${jkt}\n${jti}`)}`
    const write = await store.create(key, { spent: true }, signal)
    if (!write.won && write.ambiguous) throw new StoreUnavailable('a proof may have been spent by a lost attempt')
    return write.won
  }
}
