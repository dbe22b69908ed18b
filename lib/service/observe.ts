import { type Invocation, requests } from '../base/request.ts'

/**
 * Runs the work of one request. Every line that it logs has the id of the request. If the operator has named a collector, the
 * request is also measured.
 */
export async function runRequest(
  request: Request,
  context: Invocation,
  work: () => Promise<Response>,
): Promise<Response> {
  return process.env.OTEL_EXPORTER_OTLP_ENDPOINT
    ? (await import('./observer.ts')).runObserved(request, context, work)
    : requests.run({ line: { requestId: context.requestId } }, work)
}
