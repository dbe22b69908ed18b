import { expect, test } from 'vitest'
import { type AnswerForm, acceptedForm, namesType, preferredType } from './accept.ts'

const accept = (value: string) => new Headers({ accept: value })

test.each<[value: string, form: AnswerForm | null]>([
  ['application/json, text/event-stream', 'either'],
  ['text/event-stream,application/json', 'either'],
  ['Application/JSON, Text/Event-Stream', 'either'],
  ['application/json;q=0.5, text/event-stream;q=0.5', 'either'],
  ['application/json; charset=utf-8, text/event-stream', 'either'],
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['APPLICATION/*', 'json'],
  ['*/*', 'json'],
  ['*', 'json'],
  ['*/*;q=0.8', 'json'],
  ['application/json, */*', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'json'],
  ['application/json, text/event-stream;q=0', 'json'],
  ['*/*, text/event-stream;q=0', 'json'],
  ['*/*, text/*;q=0', 'json'],
  ['application/json, text/event-stream;q=0.9', 'json'],
  ['application/json;q=0.0, application/json, text/html', 'json'],
  ['application/json;version="1,2;q=0"', 'json'],
  ['text/event-stream', 'event-stream'],
  ['text/*', 'event-stream'],
  ['text/event-stream, */*', 'event-stream'],
  ['text/event-stream, application/json;q=0', 'event-stream'],
  ['*/*;q=0.1, application/json;q=0.000, text/html', 'event-stream'],
  ['application/json;q=0.1, text/event-stream;q=0.2', 'event-stream'],
  ['application/json;q=0.1, text/event-stream;Q=0.2', 'event-stream'],
  ['application/json ; q = 0.1 , text/event-stream', 'event-stream'],
  ['text/html', null],
  ['text/plain, application/xml', null],
  ['*/*;q=0', null],
  ['application/json;q=0, text/event-stream;q=0', null],
  ['application/json;q=0, text/*;q=0, */*', null],
  ['application/vnd.api+json', null],
  ['application/jsonx, text/event-streams', null],
  ['', 'json'],
  [' , ,', 'json'],
  ['garbage', 'json'],
  ['*/json', 'json'],
  ['application/json;q=high, text/event-stream;q=0.9', 'json'],
  ['application/json;q=2, text/event-stream', 'either'],
])('Accept: %s is answered by %s (RFC 9110 §12.5.1)', (value, form) => {
  expect(acceptedForm(accept(value))).toBe(form)
})

test('a missing header accepts any form, and several header lines are one list', () => {
  expect(acceptedForm(new Headers())).toBe('json')
  const lines = new Headers()
  lines.append('accept', 'application/json')
  lines.append('accept', 'text/event-stream')
  expect(acceptedForm(lines)).toBe('either')
})

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
  ['text/html;q=0.5, text/markdown', 'text/markdown'],
  ['text/markdown, text/html', 'text/markdown'],
  ['text/html;q=0, text/markdown;q=0.1', 'text/markdown'],
  ['TEXT/PLAIN; charset=utf-8', 'text/plain'],
  ['application/json, text/html;q=0.9', 'application/json'],
  ['*/*', undefined],
  ['*/*, text/html;q=0.9', undefined],
  ['text/*', undefined],
  ['text/html;q=0', undefined],
  ['', undefined],
])('%s prefers %s', (value, type) => {
  expect(preferredType(accept(value))).toBe(type)
})

test('a type is named only without wildcards and with a weight above 0', () => {
  const names = (value: string) => namesType(accept(value), 'text/event-stream')
  expect(['text/event-stream', 'a/b, Text/Event-Stream;q=0.1'].map(names)).toEqual([true, true])
  expect(['*/*', 'text/*', 'text/event-stream;q=0', ''].map(names)).toEqual([false, false, false, false])
})
