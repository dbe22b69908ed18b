import type { FeedbackForm, FormOutcome } from '../../answers/feedback-form.ts'
import type { Log } from '../../base/log.ts'
import { mailDomain } from '../../base/mail-domain.ts'
import { defineTool } from './define-tool.ts'
import { failure } from './failure.ts'
import { success } from './success.ts'
import type { Tool, ToolProfile } from './tool.ts'

/** `description` tells the model to ask for the user's consent before every call. */
export interface FeedbackOptions extends ToolProfile {
  readonly form: FeedbackForm
  readonly log: Log
}

interface FeedbackInput {
  readonly feedback: string
  readonly category?: string
  readonly page_url?: string
}

/** Characters (UTF-16 units), after trimming. */
const maximumFeedback = 5_000
const maximumPageUrl = 2_000
const categories = ['bug', 'documentation_gap', 'feature_request', 'other'] as const

/** Sends feedback to the documentation team, under the user's own email address. */
export function submitFeedback({ form, log, ...options }: FeedbackOptions): Tool {
  return defineTool<FeedbackInput>({
    ...options,
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    input: {
      type: 'object',
      properties: {
        feedback: {
          type: 'string',
          description: `The text that the user has agreed to send, word for word; at most ${maximumFeedback} characters.`,
        },
        category: {
          type: 'string',
          enum: [...categories],
          description: 'The kind of feedback. The default is `other`.',
        },
        page_url: { type: 'string', description: 'The URL of the page that the feedback is about, if any.' },
      },
      required: ['feedback'],
    },
    output: {
      type: 'object',
      properties: {
        status: { type: 'string', enum: ['submitted', 'withheld'] },
        message: { type: 'string', description: 'For the user.' },
      },
      required: ['status', 'message'],
    },
    async run({ feedback, category = 'other', page_url: pageUrl = '' }, { token, signal }) {
      const text = feedback.trim()
      if (text === '') return failure({ error: 'missing_feedback', message: 'Say what to send: `feedback` is empty.' })
      if (text.length > maximumFeedback) {
        return failure({
          error: 'feedback_too_long',
          message: `The feedback is longer than ${maximumFeedback} characters. Shorten it, and ask the user again.`,
        })
      }
      const page = pagePath(pageUrl.trim(), form.url)
      if (page === null) {
        return failure({
          error: 'invalid_page',
          message: `\`page_url\` must be an http or https URL of at most ${maximumPageUrl} characters. Leave it out if there is none.`,
        })
      }
      const email = token?.email ?? ''
      const domain = mailDomain(email) ?? ''
      const emailVerified = token?.emailVerified === true
      const outcome = await form.submit({ feedback: text, category, page, email, emailVerified, domain }, signal)
      if (outcome.kind === 'failure') {
        const { code, detail } = outcome
        log('feedback_failed', { reason: detail })
        return failure({ error: code, message: messageFor(outcome), detail })
      }
      if (outcome.kind === 'withheld') {
        log('feedback_withheld', { category })
        return success({
          status: 'withheld',
          message: 'This is a preview with a made-up user, so the feedback was not sent.',
        })
      }
      log('feedback_submitted', { category, domain, authed: token !== undefined })
      return success({
        status: 'submitted',
        message: 'The feedback has been sent to the documentation team. Thank you!',
      })
    },
  })
}

/** What the user is told. Feedback may have arrived, and must not be sent twice. */
function messageFor({ code, uncertain }: Extract<FormOutcome, { kind: 'failure' }>): string {
  if (!uncertain) return 'The feedback could not be sent. Tell the user, and offer to try again later.'
  const what = code === 'timeout' ? 'did not answer in time' : 'was not reached, or broke off'
  return `The documentation site ${what}. The feedback may have arrived all the same: ask the user before sending it again.`
}

/** The path of a page on the form's own site, the URL of another page, or empty. Returns `null` if it is not a page. */
function pagePath(pageUrl: string, formUrl: string): string | null {
  if (pageUrl === '') return ''
  const url = pageUrl.length > maximumPageUrl ? null : URL.parse(pageUrl)
  // A user name or password in it would be a secret.
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null
  // The query may hold a secret.
  return url.origin === new URL(formUrl).origin ? url.pathname : url.origin + url.pathname
}
