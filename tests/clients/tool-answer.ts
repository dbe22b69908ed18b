/** A tool and its result as a client sees them, in the types of both SDKs. */

export type ToolArguments = Readonly<Record<string, unknown>>

export interface UseOptions {
  /** Makes the client request progress, and receives it. */
  readonly onProgress?: (message: string | undefined) => void
  /** Cancels the call. */
  readonly signal?: AbortSignal
}

export interface ToolAnswer {
  readonly isError: boolean
  readonly texts: readonly string[]
  /** `structuredContent`, which the client has checked if the tools were listed before. */
  readonly data: unknown
}

/** The part of a listed tool that the tests check. */
export interface ToolDescription {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema: object
  readonly outputSchema?: object | undefined
  readonly annotations?: object | undefined
  readonly _meta?: object | undefined
}

interface Result {
  readonly content: readonly { readonly type: string; readonly text?: unknown }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean | undefined
}

export function answerOf({ content, structuredContent, isError = false }: Result): ToolAnswer {
  const texts = content.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : []))
  return { isError, texts, data: structuredContent }
}

export function requestOptions({ onProgress, signal }: UseOptions) {
  return {
    ...(onProgress && { onprogress: ({ message }: { message?: string | undefined }) => onProgress(message) }),
    ...(signal && { signal }),
  }
}
