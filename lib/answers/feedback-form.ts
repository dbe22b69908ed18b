import { startDeadline } from '../base/deadline.ts'
import { wellFormedTexts } from '../base/well-formed.ts'

/** A form of the documentation site that takes feedback (Netlify Forms). */
export interface FeedbackForm {
  /** Its origin tells pages of the same site from others. */
  readonly url: string
  /**
   * Submits the form once: who tries again might send it twice. Never throws, and never follows a redirect, which would
   * turn the POST into a GET of a page with 200 (M-09).
   */
  submit(fields: FeedbackFields, signal: AbortSignal): Promise<FormOutcome>
}

export interface FeedbackFields {
  readonly feedback: string
  readonly category: string
  /** Path on the site, or the URL of another one; empty: it was not said. */
  readonly page: string
  readonly email: string
  /** As the OpenID Provider says. */
  readonly emailVerified: boolean
  readonly domain: string
}

export type FormOutcome =
  | { readonly kind: 'submitted' }
  /** Nobody was to be told. */
  | { readonly kind: 'withheld' }
  | {
      readonly kind: 'failure'
      readonly code: 'timeout' | 'submission_failed'
      /** From a short list of our own phrases. */
      readonly detail: string
      /** Nobody answered: it may have arrived all the same. */
      readonly uncertain: boolean
    }

export interface FeedbackFormOptions {
  readonly url: string
  readonly formName: string
  /** Issuer of the preview that feedback comes from: the text says so. Absent: it is none. */
  readonly preview?: string
  /** Milliseconds. */
  readonly timeout?: number
}

export function createFeedbackForm({ url, formName, preview, timeout = 10_000 }: FeedbackFormOptions): FeedbackForm {
  return {
    url,
    async submit({ feedback, category, page, email, emailVerified, domain }, signal) {
      const deadline = startDeadline(timeout)
      try {
        const response = await fetch(url, {
          method: 'POST',
          body: new URLSearchParams(
            wellFormedTexts({
              'form-name': formName,
              // In the text, since a form takes no field that its page does not have.
              feedback: preview === undefined ? feedback : `[From a preview, ${preview}] ${feedback}`,
              category,
              'page-path': page,
              'user-email': email,
              'user-email-verified': String(emailVerified),
              'user-domain': domain,
              // A trap for robots: what fills it in is thrown away.
              'bot-field': '',
            }),
          ),
          redirect: 'manual',
          signal: AbortSignal.any([signal, deadline.signal]),
        })
        await response.body?.cancel()
        return response.ok ? { kind: 'submitted' } : failed(`HTTP ${response.status}`, false)
      } catch {
        if (deadline.signal.aborted) {
          return { kind: 'failure', code: 'timeout', detail: 'no answer in time', uncertain: true }
        }
        return failed(signal.aborted ? 'cancelled' : 'connection failed', true)
      } finally {
        deadline.end()
      }
    },
  }
}

/** In the place of a form that is not to be told: where signing in is by the mock, what is sent comes from nobody. */
export const withheldForm = (url: string): FeedbackForm => ({ url, submit: async () => ({ kind: 'withheld' }) })

const failed = (detail: string, uncertain: boolean): FormOutcome => ({
  kind: 'failure',
  code: 'submission_failed',
  detail,
  uncertain,
})
