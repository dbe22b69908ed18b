import { createApi } from '../api.ts'
import { type Command, option, say, type Work, wordIn } from '../command.ts'
import { exits, Problem } from '../problem.ts'
import { createSavedSites, isToken, originOf } from '../sites.ts'

/** Which servers the other commands may speak to. */
export const sites: readonly Command[] = [
  {
    name: 'login',
    about: 'saves the token of a server, from the terminal or a pipe',
    examples: ['login --site https://docs.example.com', 'login --site https://docs.example.com < token.txt'],
    async run(work) {
      const { around } = work
      const origin = siteOption(work)
      const token = (await around.ask(`Token for ${origin} (MCP_ADMIN_TOKEN or MCP_ADMIN_WRITE_TOKEN): `, true))?.trim()
      if (!token || !isToken(token)) {
        throw new Problem(
          'This is not a token: make one with npm run -s secret, and set it at the server first.',
          exits.usage,
        )
      }
      const index = await createApi({ origin, token }, around.fetch).get('')
      const saved = createSavedSites(around.tokenFile)
      await saved.save({ origin, token })
      const may = wordIn(index, 'may') === 'write' ? 'reads and acts' : 'reads'
      return say(work, { site: origin, may: index.may }, `Saved in ${saved.file}. The token ${may} at ${origin}.`)
    },
  },
  {
    name: 'logout',
    about: 'removes the saved token of a server',
    examples: ['logout --site https://docs.example.com'],
    async run(work) {
      const origin = siteOption(work)
      const removed = await createSavedSites(work.around.tokenFile).remove(origin)
      if (!removed) throw new Problem(`No token is saved for ${origin}.`, exits.notFound)
      return say(
        work,
        { site: origin },
        `Removed the token of ${origin}. It still works: remove it from the settings there.`,
      )
    },
  },
]

function siteOption(work: Work): string {
  const site = option(work, 'site')
  if (site === undefined) throw new Problem('Name the server: --site https://docs.example.com', exits.usage)
  return originOf(site)
}
