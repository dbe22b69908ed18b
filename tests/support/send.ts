import { request } from 'node:http'

export interface Sent {
  readonly method?: string
  /** Headers as sent. `fetch` would refuse some, and would join those that repeat. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
}

/** One HTTP request exactly as given, redirects not followed. */
export function send(url: string | URL, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    // A connection for each request: a server may close it after a body that it refuses.
    const outgoing = request(url, { method, agent: false }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const answered = new Headers()
        for (const [name, values] of Object.entries(incoming.headersDistinct)) {
          for (const value of values ?? []) answered.append(name, value)
        }
        const status = incoming.statusCode ?? 0
        resolve(new Response([204, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers: answered }))
      })
    })
    outgoing.on('error', reject)
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    outgoing.end(body)
  })
}

/** A POST of a form, or of a body with its content type. */
export function form(body: string | Buffer, contentType = 'application/x-www-form-urlencoded'): Sent {
  return { method: 'POST', headers: { 'content-type': contentType }, body }
}

/** A POST of JSON, or of a body with its content type. */
export function json(body: string | Buffer, contentType = 'application/json'): Sent {
  return form(body, contentType)
}
