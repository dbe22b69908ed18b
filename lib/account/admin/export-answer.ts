import { PageError } from '../../oauth/errors.ts'
import { type ExportSource, exportNames, exportsInParts, withExport } from '../admin-api/exports.ts'
import { formats, streamExport } from '../admin-api/stream.ts'
import type { PostedVisit } from '../router.ts'
import type { AdminActions } from './actions.ts'
import { exportParts, ranges, textIn } from './query.ts'

/** What exports read, and the audit log that records them. */
export interface ExportParts extends Pick<ExportSource, 'auditEntries' | 'now'> {
  /** Makes the reports of one request. */
  readonly reports: () => ExportSource['reports']
  readonly actions: Pick<AdminActions, 'recordExport'>
}

/** Answers the form of the page of exports with a file, streamed. The export is in the audit log before its first row is read. */
export async function exportAnswer(
  { session, form, request, signal }: PostedVisit,
  { reports, actions, auditEntries, now }: ExportParts,
): Promise<Response> {
  const what = exportNames.find((name) => name === textIn(form, 'what'))
  const format = formats.find((name) => name === textIn(form, 'format'))
  const days = ranges.find((range) => String(range) === textIn(form, 'days'))
  const parts = exportsInParts.some((name) => name === what) ? exportParts : []
  const part = parts.find((one) => String(one + 1) === textIn(form, 'part'))
  if (what === undefined || format === undefined || days === undefined) {
    throw new PageError('invalid-request', 'invalid_request', 'there is no such export')
  }
  const inPart = part === undefined ? '' : `, part ${part + 1} of ${exportParts.length}`
  await actions.recordExport(session.sub, what, `${format}, ${days} days${inPart}`, signal)
  const gzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  const name = what === 'people' ? what : `${what}-${days}-days`
  const fileName = part === undefined ? name : `${name}-part-${part + 1}`
  const response = await withExport(
    what,
    { range: { days }, part },
    { reports: reports(), auditEntries, now },
    (found) => streamExport(found, { format, gzip, fileName }),
  )
  const { headers } = response
  headers.set('cache-control', 'no-store')
  headers.set('vary', 'Accept-Encoding')
  headers.set('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
  headers.set('cross-origin-resource-policy', 'same-origin')
  return response
}
