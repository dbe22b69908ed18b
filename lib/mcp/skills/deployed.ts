import type { Skills } from './skills.ts'

/** The skills of this deploy. The build puts what it has read from the folder in `MCP_SKILLS_DIR` in the place of this file. */
export const deployedSkills: Skills | undefined = undefined
