import { untilAborted, withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { describe, HttpError, isTimeout } from './errors.ts'
import { createKapaRest, type KapaRestOptions } from './kapa-rest.ts'

/** Takes feedback on an answer that Kapa has written. */
export interface AnswerFeedback {
  /** Sends it once: a second attempt might count twice. Never throws. */
  send(feedback: Rating, signal: AbortSignal): Promise<RatingOutcome>
}

export interface Rating {
  /** The `question_answer_id` that came with the answer. */
  readonly answerId: string
  readonly helpful: boolean
  readonly comment: string | undefined
}

export type RatingOutcome =
  | { readonly kind: 'sent' }
  /** It was deliberately not sent. */
  | { readonly kind: 'withheld' }
  /** Kapa knows no such answer, or does not accept the feedback. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'failure'; readonly code: 'timeout' | 'submission_failed'; readonly detail: string }

export interface KapaFeedbackOptions extends KapaRestOptions {
  readonly log: Log
  /** Milliseconds. */
  readonly timeout?: number
}

/** Sends feedback to Kapa. Kapa is not told who sends it. */
export function createKapaFeedback({ log, timeout = 10_000, ...options }: KapaFeedbackOptions): AnswerFeedback {
  const post = createKapaRest(options)
  return {
    async send({ answerId, helpful, comment }, signal) {
      const body = { question_answer_id: answerId, reaction: helpful ? 'upvote' : 'downvote', comment }
      try {
        await withDeadline(timeout, (inTime) => untilAborted(post('/query/v1/feedback/', body, inTime), inTime), signal)
        log('answer_feedback_sent', { helpful })
        return { kind: 'sent' }
      } catch (error) {
        const detail = describe(error, 'not an answer')
        log('answer_feedback_failed', { detail })
        if (error instanceof HttpError && [400, 404].includes(error.status)) return { kind: 'refused' }
        return { kind: 'failure', code: isTimeout(error) ? 'timeout' : 'submission_failed', detail }
      }
    },
  }
}

/** Stands in for Kapa where sign-in is mocked: feedback would come from a made-up user. */
export const withheldFeedback: AnswerFeedback = { send: async () => ({ kind: 'withheld' }) }
