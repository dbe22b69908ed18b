import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { Explained } from '../explained.ts'
import type { Packages } from '../install-packages.ts'
import { repository } from '../repository.ts'
import { documents } from './documents.ts'
import { type Drawer, draw } from './drawing.ts'
import { galleryPage } from './gallery.ts'
import { installedSite, load, type Untyped } from './packages.ts'
import { gallerySource, pageGroups, type SitePage, siteLink } from './pages.ts'

/** Where the site is, below the address that publishes it. */
export const base = '/docs/'

interface Heading {
  readonly id: string
  readonly text: string
}

/** What the site was made of. */
export interface Site {
  readonly pages: number
  /** Pages that the search finds. */
  readonly searched: number
}

/**
 * Makes the documentation site: every page of `docs/` and some of the repository's own, with a search. Eleventy makes the pages and
 * Pagefind the index. Both are installed in `.local/site` when the site is first made.
 *
 * @param directory the folder that is published. The site is in its folder `docs/`, which is made anew
 * @throws Explained if a package cannot be installed, or the index cannot be made
 */
export async function buildSite(directory: string, progress: (what: string) => void): Promise<Site> {
  const packages = await installedSite(progress)
  const output = join(directory, base)
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  progress('making the pages')
  const pages = await makePages(output, packages)
  progress('making the index of the search')
  return { pages, searched: await makeIndex(output, packages) }
}

interface Token {
  type: string
  tag: string
  content: string
  children: Token[] | null
  attrGet(name: string): string | null
  attrSet(name: string, value: string): void
  attrs: [string, string][] | null
}

async function makePages(output: string, packages: Packages): Promise<number> {
  const { default: Eleventy } = await load(packages, '@11ty/eleventy')
  const { default: highlight } = await load(packages, '@11ty/eleventy-plugin-syntaxhighlight')
  const { default: anchors } = await load(packages, 'markdown-it-anchor')
  const { slug } = await load(packages, 'github-slugger')
  const drawer: Drawer = await load(packages, 'beautiful-mermaid')

  const groups = pageGroups(await documents())
  const pages = groups.flatMap((group) => group.pages)
  const texts = new Map<SitePage, string>()
  const shown = galleryPage(base)
  for (const page of pages)
    texts.set(page, page.source === gallerySource ? shown.text : await readFile(join(repository, page.source), 'utf8'))
  const linkTo = (page: SitePage) => ({ title: page.label ?? titleIn(texts.get(page) ?? ''), url: base + page.path })
  const { name, version }: { readonly name: string; readonly version: string } = JSON.parse(
    await readFile(join(repository, 'package.json'), 'utf8'),
  )
  const files = new Map(shown.files.map(({ path, text }) => [path, text]))
  const copied = new Set<string>()

  const linksOfSite = ({ tokens, env }: { tokens: Token[]; env: { source: string } }) => {
    const from = pages.find(({ source }) => source === env.source)
    if (!from) return
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const attribute = token.type === 'image' ? 'src' : token.type === 'link_open' ? 'href' : undefined
      const link = attribute && siteLink(token.attrGet(attribute) ?? '', from, pages)
      if (!attribute || !link) continue
      if ('file' in link && !link.file.startsWith('docs/')) {
        // Only the repository has it. The text names the file.
        token.attrs = [['title', link.file]]
        continue
      }
      if ('file' in link) copied.add(link.file)
      token.attrSet(attribute, base + ('file' in link ? link.file.slice('docs/'.length) : link.path + link.fragment))
    }
  }

  const eleventy = new Eleventy(relative(process.cwd(), import.meta.dirname), relative(process.cwd(), output), {
    quietMode: true,
    configPath: false,
    config(config: Untyped) {
      config.setIncludesDirectory('.')
      config.setUseGitIgnore(false)
      config.setTemplateFormats(['md'])
      config.addPlugin(highlight)
      config.addGlobalData('site', { name, version, base })
      config.addGlobalData(
        'navigation',
        groups.map(({ title, pages }) => ({ title, pages: pages.map(linkTo) })),
      )
      for (const [index, page] of pages.entries()) {
        const text = texts.get(page) ?? ''
        const [previous, next] = [pages[index - 1], pages[index + 1]]
        config.addTemplate(`${page.source.replaceAll('/', '_')}.md`, text, {
          layout: 'layout.njk',
          templateEngineOverride: 'md',
          permalink: `${page.path}index.html`,
          source: page.source,
          title: titleIn(text),
          summary: summaryOf(text),
          front: page.path === '',
          headings: headingsIn(text, slug),
          ...(previous && { previous: linkTo(previous) }),
          ...(next && { next: linkTo(next) }),
        })
      }
      config.amendLibrary('md', (markdown: Untyped) => {
        markdown.use(anchors, {
          slugify: slug,
          permalink: anchors.permalink.headerLink(),
        })
        markdown.core.ruler.push('links_of_site', linksOfSite)
        const { rules } = markdown.renderer
        const fence = rules.fence.bind(rules)
        rules.table_open = (_tokens: unknown, index: number) =>
          `<div class="table" tabindex="0" role="region" aria-label="Table ${index}"><table>\n`
        // What a row is about counts more for the search than where it is mentioned.
        rules.td_open = (tokens: Untyped[], index: number) =>
          tokens[index - 1].type === 'tr_open' ? '<td data-pagefind-weight="10">' : '<td>'
        rules.table_close = () => '</table></div>\n'
        rules.fence = (tokens: Untyped[], index: number, options: unknown, env: { source: string }, self: unknown) => {
          const { info, content }: { readonly info: string; readonly content: string } = tokens[index]
          if (info.trim() !== 'mermaid')
            return fence(tokens, index, options, env, self).replace('<pre', '<pre tabindex="0"')
          const drawing = draw(drawer, content, `drawing-${files.size}`, `${base}drawings/`)
          for (const { name, svg } of drawing.files) files.set(`drawings/${name}`, svg)
          return drawing.html
        }
      })
    },
  })
  await eleventy.write()
  for (const [path, text] of files) {
    await mkdir(dirname(join(output, path)), { recursive: true })
    await writeFile(join(output, path), text)
  }
  for (const file of copied)
    await cp(join(repository, file), join(output, file.slice('docs/'.length)), { recursive: true })
  for (const file of ['site.css', 'search.js']) await cp(join(import.meta.dirname, file), join(output, file))
  return pages.length
}

const titleIn = (text: string) => plain(/^# (.+)$/m.exec(text)?.[1] ?? '')

/** The first paragraph of a page, as search engines show it. */
function summaryOf(text: string): string {
  const paragraph = /^[A-Z].*(?:\n\S.*)*/m.exec(text.replace(/^# .*$/m, ''))?.[0] ?? ''
  return plain(paragraph.replaceAll('\n', ' ')).slice(0, 200)
}

/** The text of Markdown without its marks. */
const plain = (markdown: string) => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '')

/** The headings of the second level, with the ids that the page has for them. */
function headingsIn(text: string, slug: (text: string) => string): Heading[] {
  const seen = new Map<string, number>()
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^(#{1,6}) (.+)$/gm)].flatMap(
    ([, marks, heading = '']) => {
      const words = plain(heading)
      const id = slug(words)
      const count = seen.get(id) ?? 0
      seen.set(id, count + 1)
      return marks === '##' ? [{ id: count === 0 ? id : `${id}-${count}`, text: words }] : []
    },
  )
}

/** Makes the index of the search from the pages as they are. @throws Explained if a page cannot be read */
async function makeIndex(output: string, packages: Packages): Promise<number> {
  const pagefind = await load(packages, 'pagefind')
  const { index } = await pagefind.createIndex({})
  const { page_count: count, errors } = await index.addDirectory({ path: output, glob: '**/index.html' })
  const { errors: notWritten } = await index.writeFiles({ outputPath: join(output, 'pagefind') })
  await pagefind.close()
  const problems = [...errors, ...notWritten]
  if (problems.length > 0) throw new Explained(`Pagefind could not make the index: ${problems.join(', ')}`)
  return count
}
