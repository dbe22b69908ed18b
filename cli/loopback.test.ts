import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { listenOnLoopback } from './loopback.ts'

// Any page in any browser on this machine, and any program, can send requests to the port.

async function raw(redirectUri: string, target: string): Promise<string> {
  const { port } = new URL(redirectUri)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
  return (await text(socket)).slice(0, 12)
}

test('requests of others end no sign-in, whatever they send: the answer of ours still counts', async () => {
  const listener = await listenOnLoopback('Words.', 'ours')
  try {
    const answer = listener.answer(5_000)
    const others = [
      '/callback?code=stolen&state=theirs',
      '/callback?error=access_denied',
      '/callback',
      '//',
      '/\\',
      '/x',
    ]
    for (const target of others) expect(await raw(listener.redirectUri, target)).toBe('HTTP/1.1 404')
    expect((await fetch(`${listener.redirectUri}?state=ours`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${listener.redirectUri}?code=own&state=ours`)).status).toBe(200)
    expect((await answer)?.get('code')).toBe('own')
  } finally {
    listener.close()
  }
})

test('the caller may judge the first answer itself, and no request stops the program', async () => {
  const listener = await listenOnLoopback('Words.')
  try {
    expect(await raw(listener.redirectUri, '//')).toBe('HTTP/1.1 404')
    await fetch(`${listener.redirectUri}?state=another`)
    expect((await listener.answer(5_000))?.get('state')).toBe('another')
  } finally {
    listener.close()
  }
})
