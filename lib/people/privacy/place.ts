/** One record about a person, opened for reading. */
export interface HeldRecord {
  readonly key: string
  /** What the record says. Sealed members are opened. Secrets of the service are left out. */
  readonly value: unknown
}

/**
 * One collection of the store that says something about a person. `places.ts` lists every one of them. Forgetting, disclosing and
 * the test that scans the whole store walk that list.
 */
export interface Place {
  /** The keys of the collection, in the words of docs/storage.md, for example `connections/<sub>/<client hash>`. */
  readonly keys: string
  /** The member of the disclosed JSON, for example `connections`. */
  readonly name: string
  /** Reads what is held on the person `sub`. Reads nothing about other people. Throws `StoreUnavailable`. */
  read(sub: string, signal: AbortSignal): AsyncIterable<HeldRecord>
  /**
   * Removes what is held on the person, or replaces the person by "forgotten" where numbers stay. A job calls this at least ten
   * minutes after the person was ended, when no token or code of the person works, so no new record appears meanwhile. The call may
   * be cut off at any point and is then repeated, so a repeated call must do no harm. Throws `StoreUnavailable`.
   */
  forget(sub: string, signal: AbortSignal): Promise<void>
}
