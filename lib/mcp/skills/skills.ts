import { isObject } from '../../base/json.ts'

/** A skill as clients receive it: the address of its `SKILL.md`, its front matter, and a digest and a size for each file. */
export interface Skill {
  readonly uri: string
  readonly frontmatter: { readonly name: string; readonly description: string; readonly [name: string]: unknown }
  readonly resources: readonly { readonly uri: string; readonly digest: string; readonly size: number }[]
}

/** A file or a folder in a list of resources. Sizes in bytes. */
export interface SkillResource {
  readonly uri: string
  readonly name: string
  readonly description?: string
  readonly mimeType: string
  readonly size?: number
}

/** The content of a file: text, or bytes as base64. */
export type SkillContent =
  | { readonly mimeType: string; readonly text: string }
  | { readonly mimeType: string; readonly blob: string }

/** A skill as one download, for the well-known index. */
export interface SkillArtifact {
  readonly path: string
  readonly mimeType: string
  /** `sha256:` and 64 hexadecimal digits, of the bytes. */
  readonly digest: string
  readonly base64: string
}

/** Everything that the build has read from the folder of skills. The addresses are the keys of the records. */
export interface Skills {
  /** The `SKILL.md` of each skill, for `resources/list`. */
  readonly listed: readonly SkillResource[]
  readonly skills: readonly Skill[]
  readonly directories: Readonly<Record<string, readonly SkillResource[]>>
  readonly files: Readonly<Record<string, SkillContent>>
  /** The well-known index. */
  readonly index: object
  readonly artifacts: readonly SkillArtifact[]
}

/** The name of the extension of MCP (SEP-2640). */
export const skillsExtension = 'io.modelcontextprotocol/skills'

const methods: ReadonlySet<unknown> = new Set([
  'skills/list',
  'skills/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/directory/read',
])

/** Whether a body asks for skills, so that they have to be loaded. */
export const asksForSkills = (content: unknown): boolean =>
  (Array.isArray(content) ? content : [content]).some((message) => isObject(message) && methods.has(message.method))
