import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import { MalformedAnswer } from './errors.ts'
import { connectionErrors, maximumAnswer } from './http.ts'

/**
 * Reads the events of a response as they come (HTML, "Server-sent events"). Throws `MalformedAnswer` when it is too
 * large, and `ConnectionError`. A caller that stops reading ends the connection.
 */
export async function* eventsOf(response: Response): AsyncGenerator<EventSourceMessage> {
  const body = response.body ?? new Blob().stream()
  const events = body
    .pipeThrough(new TransformStream(upTo(maximumAnswer)))
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TransformStream(oneLineEnd()))
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (let next = await connectionErrors(events.read()); !next.done; next = await connectionErrors(events.read())) {
      yield next.value
    }
  } finally {
    // The server may keep the stream open after the response. Errors of a stream that we no longer read do not matter.
    await events.cancel().catch(() => {})
  }
}

function upTo(most: number): Transformer<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let received = 0
  return {
    transform(chunk, controller) {
      received += chunk.byteLength
      if (received > most) controller.error(new MalformedAnswer('answer too large'))
      else controller.enqueue(chunk)
    },
  }
}

/** CR and CRLF become LF: after a CR the parser waits for the next character, which may never come. */
function oneLineEnd(): Transformer<string, string> {
  let afterReturn = false
  return {
    transform(piece, controller) {
      const text = afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece
      if (piece !== '') afterReturn = piece.endsWith('\r')
      controller.enqueue(text.replace(/\r\n?/g, '\n'))
    },
    // Completes an event that lacks only its empty line. Half an event does not parse as JSON.
    flush: (controller) => controller.enqueue('\n\n'),
  }
}
