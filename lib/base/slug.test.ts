import { expect, test } from 'vitest'
import { slug } from './slug.ts'

test.each([
  ['Redpanda', 'redpanda'],
  ['Ada & Sons, Ltd.', 'ada-sons-ltd'],
  ['文档', 'docs'],
])('slug: %s becomes %s', (text, expected) => expect(slug(text, '-')).toBe(expected))
