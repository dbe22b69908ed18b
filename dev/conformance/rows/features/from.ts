import type { KeptRow, LaterRow, NotApplicableRow, Row } from '../../row.ts'

type WithoutSource<R> = Omit<R, 'source'>

/** Features of one part of one text: what they have in common is said once. */
export const from = (
  source: string,
  rows: readonly (WithoutSource<KeptRow> | WithoutSource<NotApplicableRow> | WithoutSource<LaterRow>)[],
): readonly Row[] => rows.map((row) => ({ ...row, source }))
