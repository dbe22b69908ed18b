import { readBody } from '../base/body.ts'
import { untilAborted } from '../base/deadline.ts'
import { acceptedForm, eventStreamType, jsonType } from './accept.ts'
import { readMessages } from './messages.ts'
import { jsonRpcError } from './refusals.ts'
import type { AccessRules, RequiredAccess } from './required-access.ts'
import type { Asked } from './server.ts'
import type { OfferedTo } from './tools/access.ts'

/** Bytes, for every caller: a body costs us more to read than the client to send. The longest input, ten addresses, fits. */
export const maximumBody = 64 * 1024
/** Messages in a batch, each of which gets an answer of its own. */
const maximumBatch = 10

/** What a POST needs, and either its content or a refusal, which is the same for every caller. */
export type Received = {
  readonly required: RequiredAccess
  /** `null`: it is too large. */
  readonly body: Buffer | null
} & ({ readonly asked: Asked; readonly refusal?: never } | { readonly refusal: Response; readonly asked?: never })

/**
 * Reads the body of a POST. Throws `BodyNotArrived`.
 *
 * @param caller which tools the user is offered
 */
export async function receive(
  request: Request,
  signal: AbortSignal,
  rules: AccessRules,
  caller?: OfferedTo,
): Promise<Received> {
  const body = await bodyOf(request, signal)
  if (body === null) {
    const refusal = jsonRpcError(413, -32000, `The request is larger than ${maximumBody / 1024} KB`)
    return { required: rules.withoutContent, body, refusal }
  }
  const content = readMessages(body)
  const required = rules.of(content, caller)
  const form = acceptedForm(request.headers)
  const refuse = (refusal: Response) => ({ required, body, refusal })
  if (form === null) {
    return refuse(jsonRpcError(406, -32000, `Not acceptable: answers are ${jsonType} or ${eventStreamType}`))
  }
  if (required.messages > maximumBatch) {
    return refuse(jsonRpcError(400, -32600, `At most ${maximumBatch} messages in a batch`))
  }
  if (required.toolCalls.length > 1) return refuse(jsonRpcError(400, -32600, 'One tools/call for each request'))
  return { required, body, asked: { body, content, form } }
}

/** Reads the body as bytes, which add no content type. Returns `null` if it is larger than `maximumBody`. */
async function bodyOf(request: Request, signal: AbortSignal): Promise<Buffer<ArrayBuffer> | null> {
  try {
    return await readBody(request.body && chunksOf(request.body, signal), maximumBody)
  } catch (error) {
    throw new BodyNotArrived('the body broke off, or came too late', { cause: error })
  }
}

/** Reads a body until the signal fires. */
async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), signal)
      if (done) return
      yield value
    }
  } finally {
    void reader.cancel().catch(() => {})
  }
}

/** The body broke off, or the signal fired before it was complete. */
export class BodyNotArrived extends Error {
  override readonly name = 'BodyNotArrived'
}
