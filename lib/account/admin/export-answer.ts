import { PageError } from '../../oauth/errors.ts'
import { type ExportSource, exportNames, withExport } from '../admin-api/exports.ts'
import { formats, streamExport } from '../admin-api/stream.ts'
import type { PostedVisit } from '../router.ts'
import type { AdminActions } from './actions.ts'
import { ranges, textIn } from './query.ts'

/** What exports read, and the audit log of them. */
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
  if (what === undefined || format === undefined || days === undefined) {
    throw new PageError('invalid-request', 'invalid_request', 'there is no such export')
  }
  await actions.recordExport(session.sub, what, `${format}, ${days} days`, signal)
  const gzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  const fileName = what === 'people' ? what : `${what}-${days}-days`
  const response = await withExport(what, { days }, { reports: reports(), auditEntries, now }, (found) =>
    streamExport(found, { format, gzip, fileName }),
  )
  const { headers } = response
  headers.set('cache-control', 'no-store')
  headers.set('vary', 'Accept-Encoding')
  headers.set('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
  headers.set('cross-origin-resource-policy', 'same-origin')
  return response
}
