import { randomInt } from 'node:crypto'
import { readForm } from '../../dev/browser/form.ts'
import type { Answer, Sent, Wire } from './wire.ts'

/** The most steps of a sign-in. More is a circle. */
const mostSteps = 30

/**
 * One person in a fresh browser: keeps the cookies of the authorization server, follows redirects, and presses the button of each
 * page that asks for approval.
 */
export class Person {
  readonly #cookies = new Map<string, string>()
  readonly #peer: { readonly wire: Wire; readonly origin: string }
  readonly #upstream: { readonly wire: Wire; readonly origin: string }
  readonly #address = newAddress()

  constructor(peer: { wire: Wire; origin: string }, upstream: { wire: Wire; origin: string }) {
    this.#peer = peer
    this.#upstream = upstream
  }

  /** @returns the parameters with which the browser comes back to the client */
  async signIn(authorizationUrl: string, redirectUri: string): Promise<URLSearchParams> {
    let url = authorizationUrl
    let sent: Sent = {}
    for (let step = 0; step < mostSteps; step++) {
      if (url.startsWith(redirectUri)) return new URL(url).searchParams
      const answer = await this.#open(url, sent)
      const next = after(answer, url)
      if (next === null) throw new Error(`${url.slice(0, 120)} answered ${answer.status}: ${answer.text.slice(0, 300)}`)
      ;({ url, sent } = next)
    }
    throw new Error('the sign-in goes in a circle')
  }

  async #open(url: string, sent: Sent): Promise<Answer> {
    if (url.startsWith(this.#upstream.origin))
      return this.#upstream.wire.send(url.slice(this.#upstream.origin.length), sent)
    if (!url.startsWith(this.#peer.origin)) throw new Error(`the sign-in leads to ${url}`)
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.#peer.wire.send(url.slice(this.#peer.origin.length), {
      ...sent,
      headers: {
        'x-forwarded-for': this.#address,
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': sent.method === 'POST' ? 'same-origin' : 'none',
        ...(sent.method === 'POST' && { origin: this.#peer.origin }),
        ...(cookies !== '' && { cookie: cookies }),
        ...sent.headers,
      },
    })
    for (const cookie of answer.headers['set-cookie'] ?? []) this.#keep(cookie)
    return answer
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(cookie)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

/** Returns the next request of a browser after an answer; null if the answer leads nowhere. */
export function after({ status, headers, text }: Answer, url: string): { url: string; sent: Sent } | null {
  if (status >= 300 && status < 400 && headers.location !== undefined)
    return { url: new URL(headers.location, url).href, sent: {} }
  if (status !== 200) return null
  if (headers['content-type']?.includes('json')) {
    // A page whose script asked for this goes where the answer says.
    const { url: next, redirect_uri: other } = JSON.parse(text)
    const target = next ?? other
    return typeof target === 'string' ? { url: new URL(target, url).href, sent: {} } : null
  }
  const { action, fields, buttons } = readForm(text, new URL(url))
  const button = buttons[0]
  if (button && button.name !== '') fields.append(button.name, button.value)
  const asJson = /<form[^>]* enctype="application\/json"/.test(text)
  return {
    url: action.href,
    sent: {
      method: 'POST',
      headers: { 'content-type': asJson ? 'application/json' : 'application/x-www-form-urlencoded' },
      body: asJson ? jsonOf(fields) : fields.toString(),
    },
  }
}

/** The fields as a script of the page would send them. */
const jsonOf = (fields: URLSearchParams) =>
  JSON.stringify(Object.fromEntries([...fields].map(([name, value]) => [name, value === 'true' ? true : value])))

/** Each person has another address, so that no limit by address is reached and each is counted. */
export const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`
