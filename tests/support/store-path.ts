import { isBesideTheAnswer } from '../../dev/blobs/beside-the-answer.ts'
import type { Stack } from './stack.ts'

/** The store operations since `sequence` that an answer waits for. Leaves out what records who did what, after the answer. */
export const operationsOnThePath = ({ emulator }: Stack, sequence: number | undefined) =>
  emulator.operations(sequence).filter(({ key }) => !isBesideTheAnswer(key))

/** The same without the records of sign-ins that came just before. */
export const operationsBesideSignIns = (stack: Stack, sequence: number | undefined) =>
  operationsOnThePath(stack, sequence).filter(({ key }) => !/^(?:users|connections)\//.test(key))
