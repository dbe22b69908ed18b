import type { Stack } from './stack.ts'

/** Collections that are written after the answer. `round-trips.test.ts` proves that no answer waits for them. */
export const afterTheAnswer = /^(?:attempts|companies|clients|(?:audit|usage|people|company-people|outbox)(?:-[a-z]+)*)\//
/** Read in the background, at most every 20 seconds. `lib/service/stored-blocks.test.ts` tells when an answer waits for it. */
const inTheBackground = /^blocked-clients\//

/** The store operations since `sequence` that an answer waits for. Leaves out what records who did what, after the answer. */
export const operationsOnThePath = ({ emulator }: Stack, sequence: number | undefined) =>
  emulator.operations(sequence).filter(({ key }) => !afterTheAnswer.test(key) && !inTheBackground.test(key))
