import type { IncomingHttpHeaders } from 'node:http'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listenOnLoopback } from '../stand-in.ts'
import { createCookieJar } from './cookies.ts'
import { readForm } from './form.ts'
import { createBrowser } from './jar.ts'

/** Answers with the headers and status that `/path?{…}` asks for, and records each request. */
async function start() {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = []
  const { port, stop } = await listenOnLoopback(0, (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    requests.push({ path: url.pathname, headers: request.headers })
    for (const value of url.searchParams.getAll('set')) response.appendHeader('set-cookie', value)
    const [location, policy] = [url.searchParams.get('to'), url.searchParams.get('policy')]
    if (location !== null) response.setHeader('location', location)
    if (policy !== null) response.setHeader('referrer-policy', policy)
    response.writeHead(location === null ? 200 : 303).end('answer')
  })
  onTestFinished(stop)
  const last = () => requests.at(-1)?.headers ?? {}
  return { origin: `http://localhost:${port}`, other: `http://127.0.0.1:${port}`, requests, last }
}
const query = (parameters: Record<string, string>) => `?${new URLSearchParams(parameters)}`

test('cookies are kept by host and path, whatever the port, until they expire', async () => {
  const [one, two] = [await start(), await start()]
  const { fetch, cookies } = createBrowser()
  await fetch(`${one.origin}/a/page${query({ set: 'deep=1' })}`)
  await fetch(`${one.origin}/${query({ set: '__Host-id=2; Path=/; Secure; HttpOnly; SameSite=Lax' })}`)
  await fetch(`${two.origin}/a/other`)
  expect(two.last().cookie).toBe('deep=1; __Host-id=2')
  await fetch(`${one.other}/a/other`)
  expect(one.last().cookie).toBeUndefined()

  await fetch(`${two.origin}/${query({ set: '__Host-id=; Path=/; Secure; Max-Age=0' })}`)
  expect(cookies.list().map((cookie) => cookie.name)).toEqual(['deep'])
})

test('cookies that Chromium refuses are refused', () => {
  const jar = createCookieJar()
  const set = (url: string, cookie: string) => jar.set(new URL(url), cookie)
  set('http://localhost/', '__Host-a=1; Path=/')
  set('http://localhost/', '__Host-b=1; Path=/deep; Secure')
  set('http://localhost/', '__Host-c=1; Path=/; Secure; Domain=localhost')
  set('http://localhost/', '__Secure-d=1')
  set('http://localhost/', 'e=1; SameSite=None')
  set('http://docs.example/', 'f=1; Secure')
  set('http://localhost/', `g=${'x'.repeat(4096)}`)
  set('http://localhost/', 'without-a-value')
  expect(jar.list()).toEqual([])
})

test('a cookie is removed when it expires', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1000 })
  onTestFinished(() => void vi.useRealTimers())
  const jar = createCookieJar()
  const url = new URL('http://localhost/')
  jar.set(url, 'a=1; Max-Age=10')
  jar.set(url, `b=1; Expires=${new Date(5000).toUTCString()}`)
  vi.setSystemTime(6000)
  expect(jar.header(url, { method: 'GET', initiator: null })).toBe('a=1')
  vi.setSystemTime(11_000)
  expect(jar.header(url, { method: 'GET', initiator: null })).toBeUndefined()
})

test('a cross-site request carries only the cookies that SameSite allows', async () => {
  const { origin, other, last } = await start()
  const { fetch } = createBrowser()
  for (const set of ['strict=1; SameSite=Strict', 'lax=1', 'none=1; SameSite=None; Secure'])
    await fetch(`${origin}/${query({ set })}`)

  await fetch(origin)
  expect(last()).toMatchObject({ cookie: 'strict=1; lax=1; none=1', 'sec-fetch-site': 'none' })
  await fetch(origin, { initiator: other })
  expect(last()).toMatchObject({ cookie: 'lax=1; none=1', 'sec-fetch-site': 'cross-site' })
  await fetch(other)
  await fetch(origin, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  expect(last()).toMatchObject({ cookie: 'none=1', 'sec-fetch-site': 'cross-site', origin: other })
})

test('a form post carries the origin of its page, or null if the page has the policy no-referrer', async () => {
  const [one, two] = [await start(), await start()]
  const { fetch } = createBrowser()
  const post = () => fetch(one.origin, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) })
  await fetch(one.origin)
  expect(one.last().origin).toBeUndefined()
  await post()
  expect(one.last()).toMatchObject({
    origin: one.origin,
    'sec-fetch-site': 'same-origin',
    'sec-fetch-mode': 'navigate',
    'content-type': 'application/x-www-form-urlencoded',
  })
  await fetch(two.origin)
  await post()
  expect(one.last()).toMatchObject({ origin: two.origin, 'sec-fetch-site': 'same-site' })
  await fetch(one.origin + query({ policy: 'no-referrer' }))
  await post()
  expect(one.last()).toMatchObject({ origin: 'null', 'sec-fetch-site': 'same-origin' })
  await fetch(two.origin + query({ policy: 'same-origin' }))
  await post()
  expect(one.last()).toMatchObject({ origin: 'null' })
})

test('a redirect continues the navigation that it answers, and remembers every site on the way', async () => {
  const { origin, other, last } = await start()
  const { fetch } = createBrowser()
  await fetch(origin)
  const away = await fetch(origin + query({ to: `${other}/${query({ to: `${origin}/back` })}` }), { method: 'POST' })
  expect(away.status).toBe(303)
  const back = await fetch(away.headers.get('location') ?? '')
  expect(last()).toMatchObject({ 'sec-fetch-site': 'cross-site' })
  await fetch(back.headers.get('location') ?? '')
  expect(last()).toMatchObject({ 'sec-fetch-site': 'cross-site' })
  expect(last().origin).toBeUndefined()
  await fetch(`${origin}/back`)
  expect(last()).toMatchObject({ 'sec-fetch-site': 'none' })
})

test('a form is read as a browser reads it', () => {
  const html = `<p>x</p><form class="a" method="post" action="/approve?a=1&amp;b=2">
    <input type="hidden" name="transaction" value="&quot;x&quot; &lt;&amp;&#39;"><input name="email" required autofocus>
    <input type="submit" name="no" value="no"><button name="decision" value="approve">Yes <b>></b></button>
    <button name="decision" value="deny">No</button></form>`
  const form = readForm(html, new URL('http://localhost:1/page'))
  expect(form).toMatchObject({ method: 'POST', buttons: [{ value: 'approve' }, { name: 'decision', value: 'deny' }] })
  expect(form.action.href).toBe('http://localhost:1/approve?a=1&b=2')
  expect(Object.fromEntries(form.fields)).toEqual({ transaction: `"x" <&'`, email: '' })
  expect(() => readForm('<p>none</p>', new URL('http://localhost:1/page'))).toThrow(/no form on/)
})
