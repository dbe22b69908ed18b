import { expect, test } from 'vitest'
import { readServeSettings } from './settings.ts'

const sound = { MCP_OAUTH_ISSUER: 'https://docs.example', STORE_BACKEND: 'postgres' }

test('the defaults of a container', () => {
  const { proxies, ...settings } = readServeSettings(sound)
  expect(settings).toEqual({ port: 8080, issuer: 'https://docs.example', delay: 5, scheduled: true })
  expect(proxies.has('127.0.0.1')).toBe(false)
})

test.each([
  ['MCP_OAUTH_ISSUER', ''],
  ['MCP_OAUTH_ISSUER', 'http://docs.example'],
  ['MCP_OAUTH_ISSUER', 'https://docs.example/'],
  ['STORE_BACKEND', ''],
  ['STORE_BACKEND', 'blobs'],
  ['PORT', '65536'],
  ['PORT', '80a'],
  ['TRUSTED_PROXIES', '0.0.0.0/0'],
  ['SHUTDOWN_DELAY', '-1'],
  ['SHUTDOWN_DELAY', '301'],
  ['RUN_SCHEDULED', 'off'],
])('a container does not start with %s=%s, and says which setting is wrong', (name, value) => {
  expect(() => readServeSettings({ ...sound, [name]: value })).toThrow(
    new RegExp(`^The container cannot start\\. ${name} must`),
  )
})

test('everything that is wrong is said at once', () => {
  expect(() => readServeSettings({ PORT: 'x' })).toThrow(/MCP_OAUTH_ISSUER.*STORE_BACKEND.*PORT/)
})
