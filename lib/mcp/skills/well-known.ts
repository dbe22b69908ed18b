import { skillsPath } from './path.ts'
import type { Skills } from './skills.ts'

const indexPath = `${skillsPath}index.json`

/** A document at a well-known address. */
export type WellKnown =
  | { readonly kind: 'index'; readonly body: object }
  | {
      readonly kind: 'artifact'
      readonly digest: string
      readonly mimeType: string
      readonly bytes: Buffer<ArrayBuffer>
    }

/** Finds the index, a `SKILL.md`, or the archive of a skill with more files. Returns `undefined` for any other path. */
export function wellKnownSkill({ index, artifacts }: Skills, path: string): WellKnown | undefined {
  if (path === indexPath) return { kind: 'index', body: index }
  const artifact = artifacts.find((one) => one.path === path)
  return artifact && { ...artifact, kind: 'artifact', bytes: Buffer.from(artifact.base64, 'base64') }
}
