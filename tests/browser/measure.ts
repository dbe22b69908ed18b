import type { Page as Tab } from 'playwright-core'

export interface TextColors {
  readonly text: string
  /** `#rrggbb` */
  readonly color: string
  readonly background: string
}

/** Every visible piece of text with its color and the first opaque background behind it, as the browser computes them. */
export function textColors(tab: Tab): Promise<TextColors[]> {
  return tab.evaluate(() => {
    const hex = (rgb: string) => {
      const bytes = (rgb.match(/\d+/g) ?? []).slice(0, 3).map(Number)
      return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    }
    const backgroundOf = (element: Element | null): string => {
      for (let each = element; each; each = each.parentElement) {
        const { backgroundColor } = getComputedStyle(each)
        if (!backgroundColor.startsWith('rgba')) return hex(backgroundColor)
      }
      return '#ffffff'
    }
    const found: { text: string; color: string; background: string }[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement
      const text = node.textContent?.trim() ?? ''
      if (element === null || text === '' || !element.checkVisibility()) continue
      found.push({ text, color: hex(getComputedStyle(element).color), background: backgroundOf(element) })
    }
    return found
  })
}

export interface Focus {
  /** The name that a screen reader would read, roughly. */
  readonly name: string
  /** The width of the focus ring in CSS pixels; 0 if there is no ring. */
  readonly ring: number
  /** `#rrggbb` */
  readonly color: string
  readonly background: string
  /** Whether the whole element is on the screen. */
  readonly onScreen: boolean
}

/** The focused element, and how the page shows the focus. */
export function focusOf(tab: Tab): Promise<Focus> {
  return tab.evaluate(() => {
    const hex = (rgb: string) => {
      const bytes = (rgb.match(/\d+/g) ?? []).slice(0, 3).map(Number)
      return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    }
    const element = document.activeElement ?? document.body
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
    const { top, bottom } = element.getBoundingClientRect()
    const surroundings = element.closest('dl, main, body') ?? document.body
    const label = element instanceof HTMLInputElement ? element.labels?.[0] : element
    return {
      name: label?.textContent?.trim() ?? '',
      ring: outlineStyle === 'solid' ? Number.parseFloat(outlineWidth) : 0,
      color: hex(outlineColor),
      background: hex(getComputedStyle(surroundings).backgroundColor),
      onScreen: top >= 0 && bottom <= window.innerHeight,
    }
  })
}

/** The number of different colors in a PNG. It is 1 if nothing was drawn. */
export function colorsIn(tab: Tab, png: Buffer): Promise<number> {
  return tab.evaluate(async (base64) => {
    const image = new Image()
    image.src = `data:image/png;base64,${base64}`
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('No canvas')
    context.drawImage(image, 0, 0)
    return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size
  }, png.toString('base64'))
}
