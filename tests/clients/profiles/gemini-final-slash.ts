import type { ClientProfile } from '../driver/profile.ts'
import gemini from './gemini.ts'

const profile: ClientProfile = {
  ...gemini,
  name: 'Gemini CLI at /mcp/',
  sources: [
    {
      fact: 'stops where the resource of the metadata is not, with its slash, the address that was typed in',
      from: 'https://github.com/google-gemini/gemini-cli/issues/18833',
    },
    ...gemini.sources,
  ],
  finalSlash: true,
}
export default profile
