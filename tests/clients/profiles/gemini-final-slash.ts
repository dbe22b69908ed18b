import type { ClientProfile } from '../driver/profile.ts'
import gemini from './gemini.ts'

const profile: ClientProfile = {
  ...gemini,
  name: 'Gemini CLI at /mcp/',
  sources: [
    {
      fact: 'stops if the resource of the metadata differs from the typed address, even in a slash at the end',
      from: 'https://github.com/google-gemini/gemini-cli/issues/18833',
    },
    ...gemini.sources,
  ],
  finalSlash: true,
}
export default profile
