import type { Plugin } from 'esbuild'
import type { Skills } from '../../lib/mcp/skills/skills.ts'

/** Puts the skills of this deploy in the place of the file that has none. */
export const withSkills = (skills: Skills | undefined): Plugin => ({
  name: 'deployed-skills',
  setup({ onLoad }) {
    onLoad({ filter: /lib\/mcp\/skills\/deployed\.ts$/ }, () => ({
      contents: `export const deployedSkills = ${JSON.stringify(skills)}`,
      loader: 'js',
    }))
  },
})
