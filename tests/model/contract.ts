/**
 * The outcomes that a store may give, beyond carrying out an operation and saying so.
 * - `down`: the operation has no effect, and the caller learns that the store is unavailable;
 * - `landed`: the write has its effect, and the caller learns that the store is unavailable;
 * - `late`: the caller learns that the store is unavailable, and the write may have its effect later, or never;
 * - `unclear-landed`, `unclear-lost`: the first attempt of a conditional write got no answer, and has or has not had its effect.
 *   The adapter reads back later, and recognizes its own write;
 * - `missed`: a read says once that a record does not exist, although it does.
 */
export type Fault = 'down' | 'landed' | 'late' | 'unclear-landed' | 'unclear-lost' | 'missed'

export interface Contract {
  readonly name: string
  /** Faults of `create` and `replace`. */
  readonly conditional: readonly Fault[]
  /** Faults of `put` and `remove`. */
  readonly unconditional: readonly Fault[]
  /** Faults of `get`. */
  readonly get: readonly Fault[]
  /** How many reads of one run may miss a record. */
  readonly misses: number
}

/**
 * Netlify Blobs through `lib/store/blobs`. An attempt is a success only if the client reports `modified` with an ETag. After an
 * attempt without a clear answer, the adapter reads back the nonce. `missed` is the local and the edge server's 404 for a record
 * that exists, which was seen there.
 */
export const blobs: Contract = {
  name: 'blobs',
  conditional: ['down', 'landed', 'late', 'unclear-landed', 'unclear-lost'],
  unconditional: ['down', 'landed', 'late'],
  get: ['down', 'missed'],
  misses: 1,
}

/**
 * PostgreSQL through `lib/store/postgres`. Each write is one statement. After a lost connection, the adapter reads back the nonce,
 * which is the version. A statement whose connection is gone may still be committed. A read never misses a record.
 */
export const postgres: Contract = { ...blobs, name: 'postgres', get: ['down'], misses: 0 }

export const contracts: readonly Contract[] = [blobs, postgres]
