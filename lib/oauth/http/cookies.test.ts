import { expect, test } from 'vitest'
import { createCookies } from './cookies.ts'

const { read } = createCookies('https://docs.example')
const cookies = (cookie: string) =>
  Object.fromEntries(read(new Request('https://docs.example', { headers: { cookie } })))

test('cookies are read as browsers send them', () => {
  expect(cookies('__Host-browser=abc; __Host-tx.1=d.e-f_g')).toEqual({
    '__Host-browser': 'abc',
    '__Host-tx.1': 'd.e-f_g',
  })
  expect(cookies('')).toEqual({})
})

test('a name that appears twice is left out: either cookie may be forged', () => {
  expect(cookies('a=1; b=2; a=3; a=4')).toEqual({ b: '2' })
})

test.each([
  ['white space that does not separate cookies', '__Host-browser=own; \u00a0__Host-browser=planted'],
  ['a pair without a value', '__Host-browser=own; __Host-browserX'],
  ['a pair without a name', '__Host-browser=own; =planted'],
])('%s cannot hide the real cookie', (_what, cookie) => expect(cookies(cookie)['__Host-browser']).toBe('own'))
