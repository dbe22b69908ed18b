/** A page of the site, and the file that it is made from. */
export interface SitePage {
  /** From the root of the repository, such as `docs/deploy.md`. */
  readonly source: string
  /** Below the site's address, such as `deploy/`; empty for the front page. */
  readonly path: string
  /** What lists call it, where that is shorter than its title. */
  readonly label?: string
}

export interface PageGroup {
  readonly title: string
  readonly pages: readonly SitePage[]
}

/** A file outside `docs/` has the path that is given; one of `docs/` has its own. */
const page = (source: string, path = pathOf(source)): SitePage => ({ source, path })

function pathOf(source: string): string {
  return source
    .replace(/^docs\//, '')
    .replace(/(^|\/)README\.md$/, '$1')
    .replace(/\.md$/, '/')
}

/** The page that shows what every page looks like. It is made for the site, and is no file. */
export const gallerySource = 'dev/pictures/gallery.ts'

const inDocs = (...names: string[]) => names.map((name) => page(`docs/${name}.md`))

/**
 * The pages of the site in the order in which people read them. A page of `docs/` that no group names is in the last one.
 *
 * @param docs the Markdown files of `docs/`, from the root of the repository
 */
export function pageGroups(docs: readonly string[]): PageGroup[] {
  const folder = (name: string, label: (title: string) => string | undefined = () => undefined) => {
    const index = `docs/${name}/README.md`
    const files = docs.filter((path) => path.startsWith(`docs/${name}/`))
    return [...files.filter((path) => path === index), ...files.filter((path) => path !== index).sort()].map((path) => {
      const shorter = label(path.slice(`docs/${name}/`.length, -'.md'.length))
      return { ...page(path), ...(shorter !== undefined && { label: shorter }) }
    })
  }
  const groups: PageGroup[] = [
    {
      title: 'Start',
      pages: [
        { ...page('README.md', ''), label: 'Overview' },
        ...inDocs('how-it-works', 'deploy', 'configuration'),
        page(gallerySource, 'pages/'),
        ...folder('deploy'),
      ],
    },
    {
      title: 'Clients',
      pages: [
        { ...page('docs/connecting.md'), label: 'What readers are told' },
        ...folder('clients'),
        ...inDocs('ask-api'),
      ],
    },
    {
      title: 'Who may sign in',
      pages: [
        ...folder('providers', (name) => vendors[name]),
        ...inDocs('enterprise', 'machines', 'roles', 'logout', 'downstream', 'docs-site-login'),
      ],
    },
    { title: 'Who asks', pages: inDocs('admin', 'crm', 'reports-in-sql', 'privacy') },
    {
      title: 'Operate',
      pages: inDocs('operations', 'doctor', 'runbook', 'observability', 'moving', 'migrating', 'scale'),
    },
    { title: 'For other teams', pages: inDocs('kit', 'package', 'create', 'skills') },
    {
      title: 'Understand',
      pages: [
        ...inDocs('security', 'storage', 'architecture'),
        { ...page('lib/README.md', 'map/'), label: 'The map of lib/' },
        ...inDocs('model', 'performance', 'conformance'),
        ...folder('conformance'),
        ...folder('decisions'),
      ],
    },
    {
      title: 'Contribute',
      pages: [
        ...inDocs('development'),
        page('CONTRIBUTING.md', 'contributing/'),
        page('SECURITY.md', 'reporting/'),
        page('CHANGELOG.md', 'changes/'),
      ],
    },
  ]
  const named = groups.flatMap(({ pages }) => pages.map(({ source }) => source))
  const rest = docs.filter((path) => !named.includes(path)).sort()
  const there = ({ source }: SitePage) => !source.startsWith('docs/') || docs.includes(source)
  return [...groups, { title: 'More', pages: rest.map((path) => page(path)) }]
    .map(({ title, pages }) => ({ title, pages: pages.filter(there) }))
    .filter(({ pages }) => pages.length > 0)
}

/** What lists call the guide of each provider. */
const vendors: Readonly<Record<string, string>> = {
  auth0: 'Auth0',
  cognito: 'Amazon Cognito',
  entra: 'Microsoft Entra ID',
  github: 'GitHub',
  google: 'Google',
  keycloak: 'Keycloak',
  oidc: 'Another OpenID Provider',
  okta: 'Okta',
  workos: 'WorkOS',
}

/** Where a link of a page leads: a page of the site, or a file that is none. */
export type SiteLink = { readonly path: string; readonly fragment: string } | { readonly file: string }

/** Finds where a link of a page leads. `undefined`: to another site, or within the page. */
export function siteLink(href: string, from: SitePage, pages: readonly SitePage[]): SiteLink | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|#)/i.test(href)) return undefined
  const [name = '', fragment] = href.split('#')
  const file = decodeURI(new URL(name, `file:///${from.source}`).pathname.slice(1))
  const page = pages.find(({ source }) => [source, source.replace(/README\.md$/, '')].includes(file))
  return page ? { path: page.path, fragment: fragment === undefined ? '' : `#${fragment}` } : { file }
}
