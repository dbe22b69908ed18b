import { seeOther } from '../../oauth/authorization/answer-to-client.ts'
import { PageError } from '../../oauth/errors.ts'
import type { Reports } from '../../people/reports/reports.ts'
import { type ExportSource, exportNames, withExport } from '../admin-api/exports.ts'
import { type Format, formats, streamExport } from '../admin-api/stream.ts'
import type { PostedVisit } from '../router.ts'
import type { AdminActions, ExportName } from './actions.ts'
import { mostInOneFile, partName, partNamed } from './export-parts.ts'
import { adminPaths, pathWith, ranges, textIn } from './query.ts'

/** What exports read, and the audit log that records them. */
export interface ExportParts extends Pick<ExportSource, 'auditEntries' | 'now'> {
  readonly origin: string
  /** Makes the reports of one request. */
  readonly reports: () => ExportSource['reports'] & Pick<Reports, 'countPeople'>
  readonly actions: Pick<AdminActions, 'recordExport'>
}

/** What an admin has chosen to export. */
export interface ChosenExport {
  readonly what: ExportName
  readonly format: Format
  readonly days: (typeof ranges)[number]
}

/** Reads what is to be exported from a form or an address. Throws `PageError`. */
export function chosenExport(parameters: Parameters<typeof textIn>[0]): ChosenExport {
  const what = exportNames.find((name) => name === textIn(parameters, 'what'))
  const format = formats.find((name) => name === textIn(parameters, 'format'))
  const days = ranges.find((range) => String(range) === textIn(parameters, 'days'))
  if (what === undefined || format === undefined || days === undefined) throw noExport()
  return { what, format, days }
}

const noExport = () => new PageError('invalid-request', 'invalid_request', 'there is no such export')

/**
 * Answers the form of the page of exports with a file, streamed, or with the page of its parts if one file would not end in time. The
 * export is in the audit log before its first row is read.
 */
export async function exportAnswer(
  { session, form, request, signal }: PostedVisit,
  { origin, reports, actions, auditEntries, now }: ExportParts,
): Promise<Response> {
  const { what, format, days } = chosenExport(form)
  const named = textIn(form, 'part')
  const part = named === undefined ? undefined : partNamed(what, named)
  if (named !== undefined && part === undefined) throw noExport()
  const read = reports()
  const most = part === undefined ? mostInOneFile(what) : undefined
  if (most !== undefined && (await read.countPeople(signal)).reduce((sum, count) => sum + count, 0) > most) {
    return seeOther(origin + pathWith(adminPaths.exportParts, { what, format, days }), [])
  }
  const inPart = part === undefined ? '' : `, part ${part.index + 1} of ${part.of}`
  await actions.recordExport(session.sub, what, `${format}, ${days} days${inPart}`, signal)
  const gzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  const name = what === 'people' ? what : `${what}-${days}-days`
  const fileName = part === undefined ? name : `${name}-part-${partName(part)}`
  const response = await withExport(
    what,
    { range: { days }, part: part?.index, peoplePart: part },
    { reports: read, auditEntries, now },
    (found) => streamExport(found, { format, gzip, fileName }),
  )
  const { headers } = response
  headers.set('cache-control', 'no-store')
  headers.set('vary', 'Accept-Encoding')
  headers.set('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
  headers.set('cross-origin-resource-policy', 'same-origin')
  return response
}
