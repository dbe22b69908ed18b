import { whenNeeded } from '../base/when-needed.ts'
import type { RecordStep } from '../oauth/flow-step.ts'
import type { StepRecorderOptions } from './step-recorders.ts'

/**
 * Makes the hook of the flow that records each step. The code of the recorders is loaded when the first step is recorded, after
 * the answer, so that no sign-in waits for it.
 */
export function recordAfterAnswer(options: StepRecorderOptions): RecordStep {
  const recorders = whenNeeded(async () => (await import('./step-recorders.ts')).createStepRecorders(options))
  return (step, call) => {
    call.waitUntil(
      afterAnswer()
        .then(recorders)
        .then((record) => record(step, call.address)),
    )
  }
}

/** Lets the work of the answer, which is under way, go first. */
export const afterAnswer = () => new Promise<void>((resolve) => setImmediate(resolve))
