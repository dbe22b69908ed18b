import { expect, test } from 'vitest'
import { noticesOf } from './notices.ts'

test('the notices have the license of everything that is deployed, and of what else was bundled, each once', async () => {
  const text = await noticesOf([
    'lib/base/json.ts',
    'node_modules/tough-cookie/dist/index.js',
    'node_modules/@peculiar/x509/build/a.js',
  ])
  for (const name of ['jose', '@netlify/blobs', 'valibot', 'pg', 'tough-cookie', '@peculiar/x509']) {
    expect(text.split(new RegExp(`^${name.replaceAll('/', '\\/')} \\d`, 'm'))).toHaveLength(2)
  }
  expect(text).toMatch(/Permission is hereby granted/)
  expect(text).not.toMatch(/^vitest \d/m)
})
