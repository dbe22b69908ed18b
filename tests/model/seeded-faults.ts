/** A fault that the model must find: one change of the source in `lib/oauth/grants/`. */
export interface SeededFault {
  readonly what: string
  readonly file: 'grants.ts' | 'read-grant.ts' | 'decision.ts' | 'fence.ts' | 'end-person.ts'
  readonly from: string
  readonly to: string
}

export const seededFaults: readonly SeededFault[] = [
  {
    what: 'a code is redeemed by looking first and writing then',
    file: 'grants.ts',
    from: 'store.create(key, record, signal),',
    to: `(async () => {
          const found = await store.get(key, signal)
          if (found) return store.create(key, record, signal)
          await store.put(key, record, signal)
          const made = await store.get(key, signal)
          return { won: true, version: made?.version ?? 'none' } as const
        })(),`,
  },
  {
    what: 'a code that was used twice is refused before the tombstone is written',
    file: 'grants.ts',
    from: "await revoke(key, 'code_reuse', signal, made)",
    to: "void revoke(key, 'code_reuse', signal, made).catch(() => {})",
  },
  {
    what: 'an unclear loss of a code counts as its second use',
    file: 'grants.ts',
    from: 'refuseAmbiguous(write)\n',
    to: '\n',
  },
  {
    what: 'another code of the same sign-in ends the grant',
    file: 'grants.ts',
    from: 'if (made.record.codeHash !== record.codeHash) {',
    to: 'if (made.record.codeHash === undefined) {',
  },
  {
    what: 'a code does not look at the fence',
    file: 'grants.ts',
    from: 'if (ended.value || isFenced(fence.value, milliseconds(approvedAt))) {',
    to: 'if (ended.value) {',
  },
  {
    what: 'the fence is not read again after a code was redeemed',
    file: 'grants.ts',
    from: "if (isFenced(fence, milliseconds(approvedAt))) await revoke(key, 'person_ended', signal, grant)",
    to: 'void isFenced(fence, approvedAt)',
  },
  {
    what: 'a tombstone that lost its write is not written again',
    file: 'grants.ts',
    from: '      await pause(Math.random() * longestPause)\n      grant = await read(key, signal)',
    to: '      return',
  },
  {
    what: 'a tombstone drops the members of the record that it does not need',
    file: 'grants.ts',
    from: '{ ...grant.record, revokedAt, revokedReason: reason }',
    to: '{ ...grant.record, codeHash: undefined, revokedAt, revokedReason: reason }',
  },
  {
    what: 'a refresh that lost takes the version that it reads, whatever the record says',
    file: 'grants.ts',
    from: 'switch (decideRefresh(',
    to: "switch (attempt === 0 ? 'rotate' : decideRefresh(",
  },
  {
    what: 'a refresh that lost sends the old version again',
    file: 'grants.ts',
    from: 'expected = grant.version\n',
    to: '\n',
  },
  {
    what: 'a refresh that lost drops members that another writer has added',
    file: 'grants.ts',
    from: 'record = { ...carriedMembersOf(grant.record), ...next }',
    to: 'record = next',
  },
  {
    what: 'a refresh that was overtaken after an unclear answer ends the grant',
    file: 'grants.ts',
    from: "if (ambiguous) throw new StoreUnavailable('a refresh was overtaken after an unclear answer')",
    to: '',
  },
  {
    what: 'a token that was used long ago is refused, and the grant stays live',
    file: 'grants.ts',
    from: "await revoke(key, 'refresh_reuse', signal, grant)",
    to: '',
  },
  {
    what: 'a client without its key refreshes a grant that requires one',
    file: 'grants.ts',
    from: 'if (isWeaker(next.authenticationMethod, grant.record.authenticationMethod))',
    to: 'if (attempt > 99)',
  },
  {
    what: 'a grant that rests is given out without a look at it',
    file: 'grants.ts',
    from: 'const grant = await read(key, signal)\n    if (!grant || grant.version !== last.version) return null',
    to: 'const grant = { record: { ...next, generation: next.generation - 1 }, version: last.version }',
  },
  {
    what: 'a store that misses a grant once ends the session',
    file: 'read-grant.ts',
    from: ' ?? (await store.get(key, signal))',
    to: '',
  },
  {
    what: 'a grant that has ended is rotated if its generation is the current one',
    file: 'decision.ts',
    from: "  if (record.revokedAt !== undefined) return 'revoked'\n  if (record.generation <= presented) return 'rotate'",
    to: "  if (record.generation <= presented) return 'rotate'\n  if (record.revokedAt !== undefined) return 'revoked'",
  },
  {
    what: 'the window has no end',
    file: 'decision.ts',
    from: 'now - rotationTimeOf(record) <= grace * 1000',
    to: 'rotationTimeOf(record) <= now',
  },
  {
    what: 'every earlier token is given the current one in the window',
    file: 'decision.ts',
    from: 'record.generation === presented + 1 && inWindow',
    to: 'inWindow',
  },
  {
    what: 'the fence ends only sign-ins that were approved long before it',
    file: 'fence.ts',
    from: 'began <= fence.at + clockMargin',
    to: 'began <= fence.at - 4 * clockMargin',
  },
  {
    what: 'a fence is not written if one stands',
    file: 'fence.ts',
    from: 'const next = known.at > fence.at ? { ...known, forgetting } : { ...fence, forgetting }',
    to: 'const next = { ...known, forgetting }',
  },
  {
    what: 'ending a person ignores a grant that could not be ended',
    file: 'end-person.ts',
    from: 'failures.push(error)\n    }',
    to: 'void error\n    }',
  },
]
