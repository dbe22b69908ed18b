import { hash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { SkillCatalogError, SkillsExtension } from '@modelcontextprotocol/server/ext/skills'
import { nodeSkillFiles } from '@modelcontextprotocol/server/ext/skills/node'
import { skillsPath } from '../../lib/mcp/skills/path.ts'
import type { Skill, SkillArtifact, SkillContent, SkillResource, Skills } from '../../lib/mcp/skills/skills.ts'
import { Explained } from '../explained.ts'
import { tarOf } from './tar.ts'

/** Bytes. A function may answer with 6 MB, and loads all skills into its memory. */
const limits = { file: 1024 * 1024, all: 4 * 1024 * 1024, skills: 100, files: 100 }

/** The schema that the index names (Agent Skills Discovery 0.2.0). */
const indexSchema = 'https://schemas.agentskills.io/discovery/0.2.0/schema.json'

/**
 * Reads the folder of skills and checks it: front matter, names, sizes, and that every file is a plain file inside of the
 * repository.
 *
 * @param root the repository
 * @param folder relative to `root`
 * @throws Explained with every problem, one a line
 */
export async function readSkills(root: string, folder: string): Promise<Skills> {
  const directory = await folderInside(root, folder)
  const storage = nodeSkillFiles(directory)
  const catalog = await SkillsExtension.load(storage, {
    strict: true,
    onWarning: () => {},
    limits: { files: limits.files, bytes: limits.all },
  }).catch((error: unknown) => {
    if (!(error instanceof SkillCatalogError)) throw error
    throw wrong(
      folder,
      error.problems.map(({ path, message }) => `${path}: ${message}`),
    )
  })
  const skills = catalog.entries.map(asSkill)
  const contents = new Map<string, Buffer>()
  for (const { uri } of skills.flatMap(({ resources }) => resources)) {
    contents.set(uri, Buffer.from(await storage.read(pathOf(uri))))
  }
  const problems = problemsOf(skills)
  if (problems.length > 0) throw wrong(folder, problems)
  const artifacts = skills.map((skill) => artifactOf(skill, contents))
  return {
    listed: skills.map(({ uri, frontmatter: { name, description } }) => ({
      uri,
      name,
      description,
      mimeType: 'text/markdown',
      size: contents.get(uri)?.length ?? 0,
    })),
    skills,
    directories: directoriesOf(skills),
    files: Object.fromEntries([...contents].map(([uri, bytes]) => [uri, contentOf(uri, bytes)])),
    index: {
      $schema: indexSchema,
      skills: skills.map(({ frontmatter: { name, description }, resources }, index) => ({
        name,
        type: resources.length === 1 ? 'skill-md' : 'archive',
        description,
        url: artifacts[index]?.path,
        digest: artifacts[index]?.digest,
      })),
    },
    artifacts,
  }
}

async function folderInside(root: string, folder: string): Promise<string> {
  const [outer, inner] = await Promise.all([realpath(root), realpath(join(root, folder)).catch(() => undefined)])
  if (inner === undefined || !(await stat(inner)).isDirectory()) throw wrong(folder, ['there is no such folder'])
  // A link may lead anywhere on the machine that builds.
  const path = relative(outer, inner)
  if (path === '' || path.startsWith('..') || isAbsolute(path))
    throw wrong(folder, ['it is not inside of the repository'])
  return inner
}

const wrong = (folder: string, problems: readonly string[]) =>
  new Explained(
    `MCP_SKILLS_DIR: the skills in ${folder} cannot be published.\n${problems.map((one) => `  ${one}`).join('\n')}`,
  )

/** The SDK leaves open that a list of files may be unknown. A folder has one. */
function asSkill({
  uri,
  frontmatter,
  resources,
}: Awaited<ReturnType<typeof SkillsExtension.load>>['entries'][number]): Skill {
  if (typeof resources === 'string') throw new TypeError(`${uri} has no list of files`)
  return { uri, frontmatter, resources: resources.map(({ uri, digest, size }) => ({ uri, digest, size })) }
}

/** What the SDK does not check: what our function can hold, and what the well-known index needs. */
function problemsOf(skills: readonly Skill[]): readonly string[] {
  const files = skills.flatMap(({ resources }) => resources)
  const names = skills.map(({ frontmatter: { name } }) => name)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const inMegabytes = (count: number) => `${count / 1024 / 1024} MB`
  return [
    ...(skills.length === 0 ? ['there is no skill: each is a folder with a SKILL.md'] : []),
    ...(skills.length > limits.skills ? [`there are more than ${limits.skills} skills`] : []),
    ...(bytes > limits.all ? [`all files together are larger than ${inMegabytes(limits.all)}`] : []),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `${name}: there are two skills of this name`),
    ...files
      .filter(({ size }) => size > limits.file)
      .map(({ uri }) => `${pathOf(uri)}: larger than ${inMegabytes(limits.file)}`),
    ...files
      .filter(({ uri }) => !/^[\w./-]{1,99}$/.test(pathOf(uri)))
      .map(
        ({ uri }) =>
          `${pathOf(uri)}: a path of at most 99 letters, digits, ".", "_" and "-", so that every client can store it`,
      ),
  ]
}

const pathOf = (uri: string) => decodeURIComponent(uri.slice('skill://'.length))

/** What is directly in each folder of each skill. */
function directoriesOf(skills: readonly Skill[]): Readonly<Record<string, readonly SkillResource[]>> {
  const directories = new Map<string, Map<string, SkillResource>>()
  for (const { uri: manifest, resources } of skills) {
    const top = parentOf(manifest)
    for (const { uri, size } of resources) {
      let child: SkillResource = { uri, name: nameOf(uri), mimeType: typeOf(uri), size }
      for (let folder = parentOf(uri); folder.length >= top.length; folder = parentOf(folder)) {
        const children = directories.get(folder) ?? new Map<string, SkillResource>()
        directories.set(folder, children.set(child.uri, child))
        child = { uri: folder, name: nameOf(folder), mimeType: 'inode/directory' }
      }
    }
  }
  return Object.fromEntries([...directories].map(([uri, children]) => [uri, [...children.values()]]))
}

const parentOf = (uri: string) => uri.slice(0, uri.lastIndexOf('/'))
const nameOf = (uri: string) => decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1))

const types: Readonly<Record<string, string>> = {
  md: 'text/markdown',
  txt: 'text/plain',
  json: 'application/json',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  csv: 'text/csv',
  html: 'text/html',
  sh: 'text/x-shellscript',
  py: 'text/x-python',
  js: 'text/javascript',
  ts: 'text/x-typescript',
  png: 'image/png',
  svg: 'image/svg+xml',
}

const typeOf = (uri: string) => types[/\.(\w+)$/.exec(uri)?.[1] ?? ''] ?? 'application/octet-stream'

/** A file is text if its bytes survive as text. */
function contentOf(uri: string, bytes: Buffer): SkillContent {
  const text = bytes.toString()
  const mimeType = typeOf(uri)
  return Buffer.from(text).equals(bytes) ? { mimeType, text } : { mimeType, blob: bytes.toString('base64') }
}

/** The one `SKILL.md`, or an archive of all files of a skill, which is the same in every build of the same files. */
function artifactOf(
  { uri, frontmatter: { name }, resources }: Skill,
  contents: ReadonlyMap<string, Buffer>,
): SkillArtifact {
  const bytesOf = (of: string) => contents.get(of) ?? Buffer.alloc(0)
  const single = resources.length === 1
  const within = (file: string) => decodeURIComponent(file.slice(parentOf(uri).length + 1))
  const bytes = single
    ? bytesOf(uri)
    : gzipSync(tarOf(resources.map(({ uri: file }) => ({ path: within(file), bytes: bytesOf(file) }))))
  return {
    path: single ? `${skillsPath}${name}/SKILL.md` : `${skillsPath}${name}.tar.gz`,
    mimeType: single ? 'text/markdown; charset=utf-8' : 'application/gzip',
    digest: `sha256:${hash('sha256', bytes, 'hex')}`,
    base64: bytes.toString('base64'),
  }
}
