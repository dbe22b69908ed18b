import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { times } from '../../dev/worlds/times.ts'
import { contrast, palette, textOn } from './color.ts'

const LIGHT = '#f4f2f0'
const DARK = '#2b2826'

test('contrast is computed as WCAG defines it', () => {
  expect(contrast('#000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

test('text in any accent color is readable', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(byte, byte, byte, (r, g, b) => {
      const accent = `#${[r, g, b].map((each) => each.toString(16).padStart(2, '0')).join('')}`
      const { button, buttonText, onLight, onDark } = palette(accent, LIGHT, DARK)
      expect(contrast(button, buttonText)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(onLight, LIGHT)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(onDark, DARK)).toBeGreaterThanOrEqual(4.5)
    }),
  )
})

test('an accent that is nearly dark enough keeps white text, a bright one gets dark text', () => {
  expect(palette('#e24328', LIGHT, DARK).buttonText).toBe('#ffffff')
  expect(palette('#ffd400', LIGHT, DARK).buttonText).toBe('#171412')
  expect(palette('#ffd400', LIGHT, DARK).button).toBe('#ffd400')
})

test.each(['', 'red', '#12345', '#e24328;}body{display:none', '#fff\n', '</style><script>'])(
  '%j is not a color and becomes gray',
  (accent) => {
    expect(palette(accent, LIGHT, DARK)).toEqual(palette('#57534e', LIGHT, DARK))
  },
)

describe('the text on a background', () => {
  const colors = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 3, maxLength: 3 })
  const hex = (color: readonly number[]) => `#${color.map((each) => each.toString(16).padStart(2, '0')).join('')}`

  test('is readable on every color from the one to the other', () => {
    fc.assert(
      fc.property(colors, colors, fc.double({ min: 0, max: 1, noNaN: true }), (from, to, share) => {
        const text = textOn([hex(from), hex(to)])
        const between = from.map((byte, index) => Math.round(byte + ((to[index] ?? 0) - byte) * share))
        // A step of the gradient is a sixteenth: what lies between two steps differs by less than this.
        if (text !== null) expect(contrast(text, hex(between))).toBeGreaterThanOrEqual(4.4)
      }),
      { numRuns: times(400, 2_000) },
    )
  })

  test.each([
    [['#ffffff'], '#171412'],
    [['#0b3d91', '#1f6feb'], '#ffffff'],
    [['#ffffff', '#000000'], null],
    [['#777777', '#787878'], null],
    [['#ffffff', 'red'], null],
  ])('%j: %j', (background, text) => {
    expect(textOn(background)).toBe(text)
  })
})
