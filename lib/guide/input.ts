import type { Limit } from '../base/rate-limit.ts'
import type { DocsBrand } from '../pages/brand.ts'

/** What the guide is made from: the settings of a deployment, so that it cannot be out of date. */
export interface GuideInput {
  readonly brand: DocsBrand
  /** URL of the MCP endpoint. */
  readonly mcpUrl: string
  readonly requireAuth: boolean
  /** The tools refuse people who signed in with an address of a free email provider. */
  readonly requireWorkEmail: boolean
  /** Seconds; absent while the service is misconfigured. */
  readonly lifetimes?:
    | { readonly accessToken: number; readonly refreshToken: number; readonly grant: number }
    | undefined
  /** How many tool calls a caller may make. An absent limit does not exist. */
  readonly limits: {
    readonly user?: Limit | undefined
    readonly address?: Limit | undefined
    /** Some organizations have limits of their own. */
    readonly plans?: boolean
  }
  /** In the order in which the server lists them. */
  readonly tools: readonly GuideTool[]
  /** Name of the tool that sends feedback; absent: there is none. */
  readonly feedbackTool?: string | undefined
  /** Name of the tool that tells the answer service whether an answer was right; absent: there is none. */
  readonly answerFeedbackTool?: string | undefined
  /** Host of the API reference; absent: there are no tools for it. */
  readonly apiReferenceHost?: string | undefined
  /** The HTTP answer to a client that has reached its limit; absent: there are no limits. */
  readonly limitedAnswer?: string | undefined
  /** URL of the account page; absent: there is none. */
  readonly accountUrl?: string | undefined
  /** What the documentation site offers without an MCP client. */
  readonly site?: DocumentationSite | undefined
  /** Present in this project's own documentation, whose address is an example. */
  readonly example?: { /** Folder with one page for each client. */ readonly clientPages: string } | undefined
}

export interface GuideTool {
  readonly name: string
  /** The guide shows its first sentence. */
  readonly description: string
  readonly access: 'never' | 'if required' | 'always'
}

export interface DocumentationSite {
  /** URLs of whole exports, such as `llms.txt`. */
  readonly exports: readonly string[]
  /** Each page also exists as Markdown, at its address with `.md` appended. */
  readonly markdownPages: boolean
}

/** A part of the guide. Texts may hold `code`, **strong**, *emphasis* and [links](https://example.com), and no other markup. */
export interface GuideSection {
  readonly heading: string
  readonly blocks: readonly Block[]
  readonly parts?: readonly GuideSection[]
}

/** A link that adds the server to an app. */
export interface InstallLink {
  readonly app: string
  /** Opens the app by its own scheme. For pages that may link there. */
  readonly link: string
  /** A page of the app's maker that opens the app. For Markdown, where many viewers remove other links. */
  readonly web: string
}

/** A command that adds the server to a client of the terminal. */
export interface InstallCommand {
  readonly client: string
  readonly command: string
}

/** A paragraph, links that add the server to an app, commands that do, lines to copy, a list or a table. */
export type Block =
  | string
  | { readonly apps: readonly InstallLink[] }
  | { readonly commands: readonly InstallCommand[] }
  | { readonly language: string; readonly code: string }
  | { readonly items: readonly string[] }
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
