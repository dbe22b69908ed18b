import { expect, onTestFinished, test } from 'vitest'
import { startForms } from './server.ts'

async function start() {
  const forms = await startForms({ port: 0 })
  onTestFinished(() => forms.stop())
  return forms
}

const submission = { 'form-name': 'api-feedback', feedback: 'Größe & <b>', category: 'bug', 'bot-field': '' }
const submit = (url: string, body = new URLSearchParams(submission), options: RequestInit = {}) =>
  fetch(url, { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(60_000), body, ...options })

test('remembers the fields of each form, in process and over HTTP, until reset', async () => {
  const forms = await start()
  expect((await submit(forms.url)).status).toBe(200)
  await expect.poll(() => forms.submissions()).toMatchObject([{ body: submission, status: 200 }])
  expect(await (await fetch(new URL('/__mock/received', forms.url))).json()).toMatchObject([{ body: submission }])
  await fetch(new URL('/__mock/reset', forms.url), { method: 'POST' })
  expect(forms.submissions()).toEqual([])
})

test.each([
  ['a form without its name', new URLSearchParams({ feedback: 'x' })],
  ['a field twice', new URLSearchParams([...Object.entries(submission), ['category', 'other']])],
])('%s is not a form: 404, and nothing is remembered', async (_name, body) => {
  const forms = await start()
  expect((await submit(forms.url, body)).status).toBe(404)
  expect(forms.submissions()).toEqual([])
})

test('a body of another content type is not taken as a form', async () => {
  const forms = await start()
  expect((await submit(forms.url, undefined, { headers: { 'content-type': 'text/plain' } })).status).toBe(404)
  expect(forms.submissions()).toEqual([])
})

test('a form at another page is 404', async () => {
  const forms = await start()
  expect((await submit(new URL('/elsewhere/', forms.url).href)).status).toBe(404)
})

test('a redirect looks like success to a client that follows it, but the form was not accepted (M-09)', async () => {
  const forms = await start()
  forms.faults.form = { kind: 'status', status: 301, location: '/home/' }
  expect((await submit(forms.url)).status).toBe(301)
  expect((await submit(forms.url, undefined, { redirect: 'follow' })).status).toBe(200)
  expect(forms.submissions().map(({ status }) => status)).toEqual([301, 301])
})

test('takes faults over HTTP: a status, a slow answer, or none', async () => {
  const forms = await start()
  const tell = (faults: object) =>
    fetch(new URL('/__mock/faults', forms.url), { method: 'POST', body: JSON.stringify(faults) })
  for (const status of [404, 500]) {
    await tell({ form: { kind: 'status', status, times: 1 } })
    expect((await submit(forms.url)).status).toBe(status)
  }
  await tell({ form: { kind: 'slow', milliseconds: 60, times: 1 } })
  expect((await submit(forms.url)).status).toBe(200)
  await tell({ form: { kind: 'never', times: 1 } })
  await expect(submit(forms.url, undefined, { signal: AbortSignal.timeout(100) })).rejects.toThrow()
  expect((await tell({ form: { kind: 'explode' } })).status).toBe(400)
})
