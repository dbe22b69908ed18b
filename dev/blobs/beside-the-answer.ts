/** Collections that are written after an answer, to record who did what. `tests/flows/round-trips.test.ts` proves that no answer waits. */
export const afterTheAnswer =
  /^(?:attempts|companies|clients|(?:audit|usage|people|company-people|outbox)(?:-[a-z]+)*)\//
/** Read in the background, at most every 20 seconds. `lib/service/stored-blocks.test.ts` tells when an answer waits for it. */
const inTheBackground = /^blocked-clients\//

/** Whether a store operation on this key goes on beside the answers: no answer waits for it. */
export const isBesideTheAnswer = (key: string): boolean => afterTheAnswer.test(key) || inTheBackground.test(key)
