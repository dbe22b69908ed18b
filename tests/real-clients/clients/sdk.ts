import type { Sdk } from '../../clients/sdks.ts'
import type { RealClientKind } from '../real-client.ts'
import { toolName } from '../real-client.ts'

const noSignOut = 'the SDK has no sign-out: an application calls the revocation endpoint itself, as is done here'

/** For SDK 1.x and clients built on it. */
export const noStepUp = 'if a tool needs more scopes, it refreshes, which never adds scopes, and gives up'

/** An application with one of the SDKs, which stores everything in memory. */
export function sdkKind(name: string, { create, stepsUp }: Pick<Sdk, 'create' | 'stepsUp'>): RealClientKind {
  return {
    name,
    without: { 'sign-out': noSignOut, ...(!stepsUp && { 'more scopes': noStepUp }) },
    async start({ world, person }) {
      const client = create({ mcpUrl: new URL(world.mcpUrl), clientMetadataUrl: undefined, fetch })

      async function signsInWhenAsked(error: unknown): Promise<void> {
        const url = client.authorizationUrl()
        if (!client.asksForSignIn(error) || !url) throw error
        await client.finishAuth(await person.signsIn(url))
      }

      return {
        async signIn() {
          await client.connect().catch(signsInWhenAsked)
          await client.connect()
        },
        async use(tool, args) {
          const first = client.use(tool, args)
          const { texts } = await first.catch(async (error: unknown) => {
            await signsInWhenAsked(error)
            return client.use(tool, args)
          })
          return texts
        },
        askAtOnce: (questions) => Promise.all(questions.map((question) => client.callTool(toolName, question))),
        refreshToken: async () => client.refreshToken(),
        output: () => '',
        close: () => client.close(),
      }
    },
  }
}
