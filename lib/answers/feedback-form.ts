import { startDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { measured } from '../base/telemetry.ts'
import { wellFormedTexts } from '../base/well-formed.ts'

/** A form of the documentation site that takes feedback (Netlify Forms). */
export interface FeedbackForm {
  /** Its origin tells pages of the same site from others. */
  readonly url: string
  /**
   * Submits the form once: a second attempt might send it twice. Never throws, and never follows a redirect, which would
   * turn the POST into a GET of a page that answers 200 (M-09).
   */
  submit(fields: FeedbackFields, signal: AbortSignal): Promise<FormOutcome>
}

export interface FeedbackFields {
  readonly feedback: string
  readonly category: string
  /** Path on the site, or the URL of a page elsewhere; empty if the user named none. */
  readonly page: string
  readonly email: string
  /** What the OpenID Provider says. */
  readonly emailVerified: boolean
  readonly domain: string
}

export type FormOutcome =
  | { readonly kind: 'submitted' }
  /** The form was deliberately not sent. */
  | { readonly kind: 'withheld' }
  | {
      readonly kind: 'failure'
      readonly code: 'timeout' | 'submission_failed'
      /** One of our own phrases. */
      readonly detail: string
      /** There was no answer: the form may have arrived all the same. */
      readonly uncertain: boolean
    }

export interface FeedbackFormOptions {
  readonly url: string
  readonly formName: string
  /** Issuer of the preview that feedback comes from, which the text names. Absent: not a preview. */
  readonly preview?: string
  /** Milliseconds. */
  readonly timeout?: number
}

export function createFeedbackForm({ url, formName, preview, timeout = 10_000 }: FeedbackFormOptions): FeedbackForm {
  return {
    url,
    async submit({ feedback, category, page, email, emailVerified, domain }, signal) {
      const deadline = startDeadline(timeout, signal)
      try {
        const response = await measured('form', `POST ${url}`, (traceparent) =>
          fetch(url, {
            method: 'POST',
            headers: defined({ traceparent }),
            body: new URLSearchParams(
              wellFormedTexts({
                'form-name': formName,
                // In the text: a form takes no field that its page does not have.
                feedback: preview === undefined ? feedback : `[From a preview, ${preview}] ${feedback}`,
                category,
                'page-path': page,
                'user-email': email,
                'user-email-verified': String(emailVerified),
                'user-domain': domain,
                // A trap for bots: Netlify discards a form that fills it in.
                'bot-field': '',
              }),
            ),
            redirect: 'manual',
            signal: deadline.signal,
          }),
        )
        await response.body?.cancel()
        return response.ok ? { kind: 'submitted' } : failed(`HTTP ${response.status}`, false)
      } catch {
        if (signal.aborted) return failed('cancelled', true)
        if (!deadline.signal.aborted) return failed('connection failed', true)
        return { kind: 'failure', code: 'timeout', detail: 'no answer in time', uncertain: true }
      } finally {
        deadline.end()
      }
    },
  }
}

/** Stands in for the form where sign-in is mocked: feedback would come from a made-up user. */
export const withheldForm = (url: string): FeedbackForm => ({ url, submit: async () => ({ kind: 'withheld' }) })

const failed = (detail: string, uncertain: boolean): FormOutcome => ({
  kind: 'failure',
  code: 'submission_failed',
  detail,
  uncertain,
})
