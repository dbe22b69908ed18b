import { createServer, type IncomingMessage } from 'node:http'
import { copyScript, copyScriptPath } from '../../lib/guide/copy-script.ts'
import { htmlResponse } from '../../lib/pages/html-response.ts'
import type { Page } from '../../lib/pages/layout.ts'
import { listen } from './listen.ts'

export interface Posted {
  readonly origin: string | undefined
  readonly fields: Record<string, string>
}

export interface PageServer {
  readonly origin: string
  /** The posted forms, in order. */
  readonly posted: readonly Posted[]
  stop(): Promise<void>
}

/** Serves pages at `/<name>` with the headers of production. It records a posted form and redirects to `onward`. */
export async function servePages(pages: Readonly<Record<string, Page>>, onward: string): Promise<PageServer> {
  const posted: Posted[] = []
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const fields = Object.fromEntries(new URLSearchParams(await bodyOf(request)))
      posted.push({ origin: request.headers.origin, fields })
      response.writeHead(303, { location: onward }).end()
      return
    }
    if (request.url === copyScriptPath) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(copyScript)
      return
    }
    const page = pages[(request.url ?? '/').slice(1)]
    if (page === undefined) {
      response.writeHead(404).end()
      return
    }
    const answer = htmlResponse(page, { status: 200 })
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(page.html)
  })
  const { port, stop } = await listen(server)
  return { origin: `http://127.0.0.1:${port}`, posted, stop }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}
