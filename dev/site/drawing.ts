/** Draws a diagram in the language of Mermaid as SVG. Part of beautiful-mermaid, which needs no browser. */
export interface Drawer {
  renderMermaidSVG(source: string, options: Readonly<Record<string, unknown>>): string
}

const schemes = {
  light: {
    bg: '#ffffff',
    fg: '#1d1a18',
    line: '#8b837c',
    muted: '#5c5651',
    surface: '#f8f6f5',
    border: '#8b837c',
    accent: '#b3261e',
  },
  dark: {
    bg: '#1e1c1a',
    fg: '#f3f0ee',
    line: '#857d77',
    muted: '#b8b0a9',
    surface: '#282523',
    border: '#857d77',
    accent: '#ff8a80',
  },
} as const

/** A diagram as the site shows it: one picture for each color scheme. They are files, so that the page's policy need not allow styles. */
export interface Drawing {
  readonly files: readonly { readonly name: string; readonly svg: string }[]
  readonly html: string
}

/**
 * Makes the pictures of one diagram. Its source is the text alternative.
 *
 * @param name of the files, such as `how-it-works-1`
 * @param folder where the site has them, with a final slash
 */
export function draw(drawer: Drawer, source: string, name: string, folder: string): Drawing {
  const files = Object.entries(schemes).map(([scheme, colors]) => ({
    name: `${name}-${scheme}.svg`,
    svg: drawer
      .renderMermaidSVG(source, { ...colors, font: 'sans-serif' })
      // The library loads its font from the web, and writes labels over lines.
      .replace(/@import url\([^)]*\);?/g, 'text{paint-order:stroke;stroke:var(--bg);stroke-width:3px}'),
  }))
  const html = `<figure class="drawing"><picture>
<source srcset="${folder}${name}-dark.svg" media="(prefers-color-scheme: dark)">
<img src="${folder}${name}-light.svg" alt="A diagram. Its text follows." loading="lazy">
</picture><details><summary>The diagram as text</summary><pre><code>${escapeHtml(source)}</code></pre></details></figure>\n`
  return { files, html }
}

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
