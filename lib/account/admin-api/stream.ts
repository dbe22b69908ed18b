import { startDeadline } from '../../base/deadline.ts'
import { toJson } from '../../base/well-formed.ts'
import { csvLine } from './csv.ts'
import type { Export } from './exports.ts'

export type Format = 'csv' | 'ndjson'
export const formats = ['csv', 'ndjson'] as const satisfies readonly Format[]

/** Milliseconds. The platform ends a stream after 60 seconds. */
const streamTime = 55_000
/** UTF-16 units that are collected before they are sent. */
const chunkSize = 64_000

const types: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
}

/**
 * Streams the rows of an export. The first row is read before the answer begins, so that the answer is a 503 if the store is
 * down. If an export cannot be finished, the connection breaks, so that the reader does not take a part for the whole. Throws
 * `StoreUnavailable`.
 *
 * @param options.gzip whether to compress: the platform ends a stream after 20 MB
 */
export async function streamExport<Row>(
  { columns, rows, cells }: Export<Row>,
  options: { readonly format: Format; readonly gzip: boolean; readonly fileName: string },
): Promise<Response> {
  const { signal, end } = startDeadline(streamTime)
  const iterator = rows(signal)[Symbol.asyncIterator]()
  const write = (row: Row) => (options.format === 'csv' ? csvLine(cells(row)) : `${toJson(row)}\n`)
  let next = await iterator.next().catch((error: unknown) => {
    end()
    throw error
  })
  let text = options.format === 'csv' ? csvLine(columns) : ''
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        while (!next.done && text.length < chunkSize) {
          text += write(next.value)
          next = await iterator.next()
        }
        if (text !== '') controller.enqueue(new Uint8Array(Buffer.from(text)))
        text = ''
        if (!next.done) return
        controller.close()
      } catch (error) {
        controller.error(error)
      }
      end()
    },
    async cancel() {
      end()
      await iterator.return?.()
    },
  })
  const headers = {
    'content-type': types[options.format],
    'content-disposition': `attachment; filename="${options.fileName}.${options.format}"`,
    ...(options.gzip && { 'content-encoding': 'gzip' }),
  }
  return new Response(options.gzip ? body.pipeThrough(new CompressionStream('gzip')) : body, { headers })
}
