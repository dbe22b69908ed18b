import { createHash } from 'node:crypto'
import { gallery } from '../pictures/gallery.ts'

const groups: readonly { readonly title: string; readonly wide?: true; readonly of: RegExp }[] = [
  { title: 'The front page', wide: true, of: /^front/ },
  { title: 'Signing in', of: /^(?:consent|choose|confirm|return)/ },
  { title: 'What is connected as me', of: /^account/ },
  { title: 'Who asks', wide: true, of: /^admin/ },
  { title: 'When something is wrong', of: /^error/ },
]

/** Pages that only tests need to look at. */
const leftOut = /hostile|-long$/

/** A file of the site, below its address. */
export interface SiteFile {
  readonly path: string
  readonly text: string
}

/** The page that shows every other page, as Markdown, and the files that it shows. */
export interface GalleryPage {
  readonly text: string
  readonly files: readonly SiteFile[]
}

/**
 * Makes the page that shows what users and admins see. Each picture is the page itself in a frame: so it is never of an earlier
 * version, and it is light or dark like the rest of the site.
 *
 * @param base the address of the site, with a final slash
 */
export function galleryPage(base: string): GalleryPage {
  const files = new Map<string, string>()
  const pages = Object.entries(gallery()).filter(([name]) => !leftOut.test(name))
  const sections = groups.map(({ title, wide, of }) => {
    const frames = pages
      .filter(([name]) => of.test(name))
      .map(([name, { html }]) => {
        const path = `pages/${name}.html`
        files.set(path, withStyleFile(inFrame(html), base, files))
        const caption = headline(html)
        return `<figure><div class="screen"><iframe src="${base}${path}" title="${caption}" loading="lazy" tabindex="-1" inert sandbox></iframe></div><figcaption>${caption}</figcaption></figure>`
      })
    return `## ${title}\n\n<div class="screens${wide ? ' wide' : ''}">\n${frames.join('\n')}\n</div>\n`
  })
  const text = `# What every page looks like

These are the pages that users and admins see, with made-up people and the default brand. Names, colors, logo and texts are
[settings](configuration.md#what-people-read). Nothing on them can be clicked here.

${sections.join('\n')}`
  return { text, files: [...files].map(([path, text]) => ({ path, text })) }
}

/** Leaves out what a frame without scripts would only complain about. */
const inFrame = (html: string) => html.replaceAll(' autofocus', '').replaceAll(/<script[^>]*><\/script>/g, '')

/** Moves the style of a page to a file, since the policy of the site allows no other. Returns the page without it. */
function withStyleFile(html: string, base: string, files: Map<string, string>): string {
  return html.replace(/<style[^>]*>([\s\S]*?)<\/style>/, (_, style: string) => {
    const path = `pages/${createHash('sha256').update(style).digest('hex').slice(0, 8)}.css`
    files.set(path, style)
    return `<link rel="stylesheet" href="${base}${path}">`
  })
}

/** The first heading of a page, as HTML without elements. */
const headline = (html: string) => (/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? '').replace(/<[^>]*>/g, '').trim()
