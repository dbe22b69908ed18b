/** sRGB, three bytes. */
type Rgb = readonly [number, number, number]

const WHITE: Rgb = [255, 255, 255]
const INK: Rgb = [23, 20, 18]
const GREY: Rgb = [87, 83, 78]

/** Colors as `#rrggbb`, derived from one accent. They meet WCAG 2.2 AA for every accent. */
export type Palette = ReturnType<typeof palette>

/**
 * @param accent `#rgb` or `#rrggbb`. Gray replaces anything else, since the accent is a setting that goes into a style sheet.
 * @param light the darkest surface of the light scheme, `#rrggbb`
 * @param dark the lightest surface of the dark scheme, `#rrggbb`
 */
export function palette(accent: string, light: string, dark: string) {
  const color = parse(accent) ?? GREY
  // A saturated accent that is slightly too light for white text is darkened. Black text on red would be worse.
  const text = ratio(color, WHITE) >= 3 ? WHITE : INK
  return {
    button: format(shift(color, text)),
    /** On `button`: at least 4.5 : 1. */
    buttonText: format(text),
    /** On the two given surfaces: at least 4.5 : 1, which is enough for lines, focus rings and text. */
    onLight: format(shift(color, parse(light) ?? WHITE)),
    onDark: format(shift(color, parse(dark) ?? INK)),
  }
}

/**
 * Returns the color of text, `#rrggbb`, that is readable everywhere on a background which changes from each color to the next:
 * at least 4.5 : 1. `null`: neither dark nor white text is, or one of them is not a color.
 */
export function textOn(colors: readonly string[]): string | null {
  const parsed = colors.map(parse)
  const between = parsed.flatMap((from, index) => {
    const to = parsed[index + 1] ?? from
    return from && to ? Array.from({ length: 17 }, (_, step) => mix(from, to, step / 16)) : []
  })
  const text = parsed.includes(undefined)
    ? undefined
    : [INK, WHITE].find((color) => between.every((background) => ratio(color, background) >= 4.5))
  return text ? format(text) : null
}

/** Returns the WCAG 2.2 contrast ratio (1 to 21) of two `#rrggbb` colors, or 1 if one of them is not a color. */
export function contrast(one: string, other: string): number {
  const [a, b] = [parse(one), parse(other)]
  return a && b ? ratio(a, b) : 1
}

/** Returns the nearest color, toward black or white, whose contrast with the background is at least 4.5 : 1. */
function shift(color: Rgb, background: Rgb): Rgb {
  const end: Rgb = ratio(background, WHITE) < ratio(background, INK) ? [0, 0, 0] : WHITE
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(color, end, share)
    if (ratio(mixed, background) >= 4.5) return mixed
  }
  return end === WHITE ? WHITE : INK
}

/** Returns the color that is this share of the way from one to the other. */
function mix(one: Rgb, other: Rgb, share: number): Rgb {
  const [r = 0, g = 0, b = 0] = one.map((byte, index) => Math.round(byte + ((other[index] ?? 0) - byte) * share))
  return [r, g, b]
}

function ratio(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** WCAG 2.2, "relative luminance". */
function luminance([r, g, b]: Rgb): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

function linear(byte: number): number {
  const value = byte / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

function parse(text: string): Rgb | undefined {
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)) return undefined
  const digits = text.length === 4 ? text.slice(1).replace(/./g, '$&$&') : text.slice(1)
  const value = Number.parseInt(digits, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function format(color: Rgb): string {
  return `#${color.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
