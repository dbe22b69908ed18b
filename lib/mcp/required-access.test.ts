import { describe, expect, test } from 'vitest'
import { testTool } from '../../dev/worlds/mcp-endpoint.ts'
import { readMessages } from './messages.ts'
import { createAccessRules, type RequiredAccess } from './required-access.ts'

const tools = [
  testTool('status', { signIn: 'never', scopes: [] }),
  testTool('ask', { signIn: 'if required', scopes: ['docs:read'] }),
  testTool('feedback', { signIn: 'always', scopes: ['docs:read', 'docs:feedback'] }),
]

type Mode = 'grace' | 'enforced' | 'lazy'

function needs(body: unknown, mode: Mode = 'enforced'): RequiredAccess {
  const rules = { tools, requireAuth: mode !== 'grace', lazyAuth: mode === 'lazy', scope: 'docs:read' }
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  return createAccessRules(rules).of(readMessages(bytes))
}

const call = (name: unknown, id: unknown = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

describe('whether a message needs a sign-in', () => {
  test.each<[name: string, body: unknown, grace: boolean, enforced: boolean, lazy: boolean]>([
    ['connecting', { jsonrpc: '2.0', id: 1, method: 'initialize' }, false, true, false],
    ['the list', list, false, true, false],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }, false, true, false],
    ['a public tool', call('status'), false, false, false],
    ['a tool with optional sign-in', call('ask'), false, true, true],
    ['a tool that needs the user', call('feedback'), true, true, true],
    ['an unknown tool', call('nothing'), false, true, true],
    ['a name from the prototype', call('constructor'), false, true, true],
    ['a name that is not a string', call(['status']), false, true, true],
    ['no name', { jsonrpc: '2.0', id: 1, method: 'tools/call' }, false, true, true],
    ['no parameters', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: null }, false, true, true],
    ['a body that is not JSON', '{"method":"tools/list"', false, true, true],
    ['nothing', '', false, true, true],
    ['an empty batch', [], false, true, true],
    ['two public tools', [call('status'), call('status')], false, false, false],
    ['a public tool before the list', [call('status'), list], false, true, false],
    ['a public tool before one with optional sign-in', [call('status'), call('ask')], false, true, true],
    ['the list before a tool that needs the user', [list, call('feedback')], true, true, true],
  ])('%s', (_name, body, grace, enforced, lazy) => {
    const signIn = (mode: Mode) => needs(body, mode).signIn
    expect([signIn('grace'), signIn('enforced'), signIn('lazy')]).toEqual([grace, enforced, lazy])
  })

  test.each([
    [
      'a duplicate method, where the last counts',
      '{"method":"tools/list","method":"tools/call","params":{"name":"feedback"}}',
    ],
    ['a duplicate name', '{"method":"tools/call","params":{"name":"status","name":"feedback"}}'],
    ['a byte order mark', '\ufeff{"method":"tools/call","params":{"name":"feedback"}}'],
    ['escapes', '{"m\\u0065thod":"tools\\/call","params":{"name":"feedb\\u0061ck"}}'],
  ])('is not hidden by %s', (_name, body) => {
    expect(needs(body, 'grace').signIn).toBe(true)
  })
})

describe('the scopes that a message needs', () => {
  test.each([
    ['none for a public tool', call('status'), []],
    ['reading for the list', list, ['docs:read']],
    ['reading for an unknown tool', call('nothing'), ['docs:read']],
    ['all scopes of a tool', call('feedback'), ['docs:read', 'docs:feedback']],
    ['all scopes of a batch, each once', [list, call('feedback')], ['docs:read', 'docs:feedback']],
  ])('are %s [S-05]', (_name, body, scopes) => {
    expect(needs(body).scopes).toEqual(scopes)
  })
})

test.each<[unknown, RequiredAccess['toolCalls']]>([
  [call('ask', 'a'), [{ id: 'a', tool: 'ask' }]],
  [call(7, 0), [{ id: 0, tool: undefined }]],
  [call('ask', { x: 1 }), [{ id: null, tool: 'ask' }]],
  [list, []],
  [
    [call('ask', 1), list, call('status', 2)],
    [
      { id: 1, tool: 'ask' },
      { id: 2, tool: 'status' },
    ],
  ],
])('the tool calls in a body are found, each with its id', (body, toolCalls) => {
  expect(needs(body).toolCalls).toEqual(toolCalls)
})
