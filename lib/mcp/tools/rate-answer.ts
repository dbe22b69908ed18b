import type { AnswerFeedback, RatingOutcome } from '../../answers/kapa-feedback.ts'
import { defineTool } from './define-tool.ts'
import { failure } from './failure.ts'
import { success } from './success.ts'
import type { Tool, ToolProfile } from './tool.ts'

export interface RateAnswerOptions extends ToolProfile {
  readonly feedback: AnswerFeedback
}

/** Characters (UTF-16 units), after trimming. */
const longestComment = 2_000

/** Tells the answer service whether an answer that it has written was right. */
export function rateAnswer({ feedback, ...options }: RateAnswerOptions): Tool {
  return defineTool<{ readonly question_answer_id: string; readonly helpful: boolean; readonly comment?: string }>({
    ...options,
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    input: {
      type: 'object',
      properties: {
        question_answer_id: { type: 'string', description: 'The `question_answer_id` that came with the answer.' },
        helpful: { type: 'boolean', description: 'Whether the answer was right and helped the user.' },
        comment: {
          type: 'string',
          description: `What was wrong or missing, in the words of the user; at most ${longestComment} characters.`,
        },
      },
      required: ['question_answer_id', 'helpful'],
    },
    output: {
      type: 'object',
      properties: {
        status: { type: 'string', enum: ['submitted', 'withheld'] },
        message: { type: 'string', description: 'For the user.' },
      },
      required: ['status', 'message'],
    },
    async run({ question_answer_id: id, helpful, comment = '' }, { signal }) {
      const [answerId, text] = [id.trim(), comment.trim()]
      if (!/^[\w-]{1,100}$/.test(answerId)) return unknownAnswer
      if (text.length > longestComment) {
        return failure({
          error: 'comment_too_long',
          message: `The comment is longer than ${longestComment} characters. Shorten it, and ask the user again.`,
        })
      }
      return resultOf(await feedback.send({ answerId, helpful, comment: text === '' ? undefined : text }, signal))
    },
  })
}

const unknownAnswer = failure({
  error: 'unknown_answer',
  message: 'There is no such answer. Use the `question_answer_id` that came with the answer, as it is.',
})

function resultOf(outcome: RatingOutcome) {
  switch (outcome.kind) {
    case 'sent':
      return success({ status: 'submitted', message: 'The feedback has been sent. Thank you!' })
    case 'withheld':
      return success({
        status: 'withheld',
        message: 'This is a preview with a made-up user, so the feedback was not sent.',
      })
    case 'refused':
      return unknownAnswer
    case 'failure': {
      const message = 'It is not certain that the feedback has arrived. Tell the user, and offer to try again later.'
      return failure({ error: outcome.code, message, detail: outcome.detail })
    }
  }
}
