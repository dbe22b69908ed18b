import type { SdkClient, SdkClientOptions } from '../../clients/story.ts'
import type { RealClientKind } from '../real-client.ts'
import { toolName } from '../real-client.ts'

const noSignOut = 'the SDK has no sign-out: an application calls the revocation endpoint itself, as is done here'

/** An application on one of the SDKs, which keeps everything in memory. */
export function sdkKind(name: string, create: (options: SdkClientOptions) => SdkClient): RealClientKind {
  return {
    name,
    without: { 'sign-out': noSignOut },
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
        async ask(question) {
          const first = client.callTool(toolName, question)
          return first.catch(async (error: unknown) => {
            await signsInWhenAsked(error)
            return client.callTool(toolName, question)
          })
        },
        askAtOnce: (questions) => Promise.all(questions.map((question) => client.callTool(toolName, question))),
        refreshToken: async () => client.refreshToken(),
        output: () => '',
        close: () => client.close(),
      }
    },
  }
}
