import { describe, expect, test } from 'vitest'
import { adminGallery } from '../../../../dev/pictures/admin.ts'
import { defaultBrand } from '../../../pages/brand.ts'
import { whereItStops } from './sign-ins.ts'
import { clientMark, milliseconds, percent } from './words.ts'

const pages = Object.entries(adminGallery(defaultBrand))

test.each(pages)('%s has one heading, a table behind each plot, and no text of others as markup', (_name, { html }) => {
  expect(html.match(/<h1/g)).toHaveLength(1)
  expect(html.match(/<figure/g)?.length).toBe(html.match(/role="img"/g)?.length)
  expect(html.match(/<figure/g)?.length ?? 0).toBeLessThanOrEqual(html.match(/<table/g)?.length ?? 0)
  expect(html).not.toMatch(/<script|<b>x|style="|javascript:|\u202e/)
  expect(html).not.toMatch(/undefined|NaN|\[object/)
})

describe('where sign-ins stop', () => {
  const stepsOf = (counts: Readonly<Record<string, readonly [ok: number, refused?: number, failed?: number]>>) =>
    ['approved', 'provider', 'callback', 'confirmation', 'code', 'token'].map((step) => {
      const [ok = 0, refused = 0, failed = 0] = counts[step] ?? []
      return { step, ok, refused, failed }
    })

  test.each([
    ['all arrive', { approved: [9], code: [9], token: [9] }, 'None stops on the way.'],
    ['the provider refuses', { approved: [9], provider: [0, 4], code: [5], token: [5] }, 'at the OpenID Provider (4)'],
    ['people do not come back', { approved: [9], code: [4], token: [4] }, 'from where they do not come back (5)'],
    ['the client does not redeem', { approved: [9], code: [9], token: [2] }, 'which never redeems its code (7)'],
    ['the client redeems wrongly', { approved: [9], code: [9], token: [2, 7] }, 'redeems its code (7)'],
    [
      'our side fails',
      { approved: [9], callback: [0, 0, 6], code: [3], token: [3] },
      'on the way back from the provider (6)',
    ],
    ['sign-ins that began earlier end today', { approved: [2], code: [5], token: [5] }, 'None stops on the way.'],
  ] as const)('%s', (_what, counts, told) => {
    expect(whereItStops(stepsOf(counts), counts.approved[0])).toContain(told)
  })
})

test('numbers of nothing are a dash, and times have units', () => {
  expect([percent(0, 0), percent(1, 3), milliseconds(undefined), milliseconds(940), milliseconds(6420)]).toEqual(
    ['–', '33.3%', '–', '940 ms', '6.4 s'], // biome-ignore format: one line
  )
})

test('the proven host of a client is marked, and a name that claims to be verified is not', () => {
  expect(clientMark({ id: 'c', name: 'Claude ✓ verified', host: 'claude.ai' }).toString()).toMatch(
    /^<bdi>Claude<\/bdi> <span class="chip verified">claude\.<wbr>ai|claude\.ai/,
  )
  expect(clientMark({ id: 'c', name: 'claude.ai' }).toString()).not.toContain('chip verified')
})
