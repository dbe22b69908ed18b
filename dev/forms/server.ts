import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import { type Delivery, startSink } from '../sink.ts'
import { endpointFault, takeFault } from '../stand-in.ts'

export interface FormsSite {
  /** The page that accepts the form. */
  readonly url: string
  submissions(): readonly Delivery<{ readonly body: Fields }>[]
  reset(): void
  readonly faults: FormsFaults
  stop(): Promise<void>
}

/** The fields of a form, each once. */
export type Fields = Readonly<Record<string, string>>

const formsFaults = v.strictObject({ form: v.optional(endpointFault) })
/**
 * `{ kind: 'status', status: 301, location: '/home/' }` is the answer of a site that redirects a POST. A client that
 * follows it gets a page with 200, and the submission is lost (M-09).
 */
export type FormsFaults = v.InferOutput<typeof formsFaults>

const page = '/home/'

/**
 * Starts the forms of a documentation site (Netlify Forms). It accepts a form with the right name at the page, and
 * nothing else; see `startSink`. `GET /__mock/received` lists the submissions.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startForms(options: { readonly port: number }): Promise<FormsSite> {
  const faults: FormsFaults = {}
  const { port, received, ...sink } = await startSink({
    ...options,
    path: page,
    about: 'The documentation site of the local world: it takes forms, and /__mock/received shows them.',
    read: readForm,
    faults,
    schema: formsFaults,
    take: () => takeFault(faults.form, () => delete faults.form),
  })
  return { url: `http://localhost:${port}${page}`, faults, submissions: received, ...sink }
}

function readForm(text: string, request: IncomingMessage): { readonly body: Fields } | undefined {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) return undefined
  const entries = [...new URLSearchParams(text)]
  const fields = Object.fromEntries(entries)
  // A repeated field would be recorded wrongly.
  if (!fields['form-name'] || Object.keys(fields).length < entries.length) return undefined
  return { body: fields }
}
