import { once } from '../base/once.ts'
import type { LoadSkills } from '../mcp/server.ts'
import type { Skills } from '../mcp/skills/skills.ts'
import { log } from './log.ts'

const none: Skills = { listed: [], skills: [], directories: {}, files: {}, index: { skills: [] }, artifacts: [] }

/** Logs once that the build has put no skills into this deploy. */
const unavailable = once(() => log('skills_unavailable', {}))

/** Loads the skills of this deploy. */
export async function loadSkills(): Promise<Skills> {
  const { deployedSkills } = await import('../mcp/skills/deployed.ts')
  if (!deployedSkills) unavailable()
  return deployedSkills ?? none
}

/** Loads what serves the skills at `/mcp`. */
export const skillsAtMcp: LoadSkills = async () => {
  const [{ serveSkills }, skills] = await Promise.all([import('../mcp/skills/serve-skills.ts'), loadSkills()])
  return (server) => serveSkills(server, skills)
}
