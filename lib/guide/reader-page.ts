import { clients } from './client-setup.ts'
import { connect, type GuideInput, type GuideSection, guideTitle, signIn, stayingSignedIn, usage } from './guide.ts'
import { bullets, fenced, table } from './markdown.ts'
import { ending, troubleshooting } from './troubleshooting.ts'

/** Everything that readers of the documentation are told, for a page of the documentation site. */
export interface ReaderPageInput extends GuideInput {
  /** In the order in which they are listed. */
  readonly tools: readonly ReaderTool[]
  /** Name of the tool by which feedback is sent; absent: there is none. */
  readonly feedbackTool?: string | undefined
  /** Who answers what is asked about the API; absent: there are no tools for it. */
  readonly apiReferenceHost?: string | undefined
  /** Addresses at free mail providers are refused. */
  readonly requireWorkEmail: boolean
  /** The answer to somebody who has asked too much, as HTTP sends it; absent: nothing is limited. */
  readonly limitedAnswer?: string | undefined
  /** What the documentation site has for those without an MCP client. */
  readonly site?: DocumentationSite
}

export interface ReaderTool {
  readonly name: string
  /** Its first sentence is for people too. */
  readonly description: string
  readonly access: 'never' | 'if required' | 'always'
}

export interface DocumentationSite {
  /** URLs of whole exports, such as `llms.txt`. */
  readonly exports: readonly string[]
  /** Each page is there as Markdown too, at its address with `.md`. */
  readonly markdownPages: boolean
}

/** The page in Markdown, which says nothing that the settings rule out. */
export function readerPage(input: ReaderPageInput): string {
  const { brand } = input
  const sections = [
    address(input),
    signInAndAccount(input),
    ...stayingSignedIn(input),
    withParts('Set up your client', clients(input)),
    questions(input),
    ...feedback(input),
    limits(input),
    withParts('Troubleshooting', troubleshooting(input)),
    ending(input),
    ...withoutClient(input),
  ]
  const about = `The ${brand.productName} can be asked by AI clients. It is an MCP server, and answers with passages and the addresses that they come from.`
  const more = brand.documentationUrl ? ` See also the [documentation](${brand.documentationUrl}).` : ''
  const parts = sections.map(({ heading, paragraphs }) => `## ${heading}\n\n${paragraphs.join('\n\n')}\n`)
  return [`# ${guideTitle(brand)}\n`, `${about}${more}\n`, ...parts].join('\n')
}

function withParts(heading: string, parts: readonly GuideSection[]): GuideSection {
  return { heading, paragraphs: parts.flatMap((part) => [`### ${part.heading}`, ...part.paragraphs]) }
}

/** The rest of what the front page says about connecting is said client by client. */
function address(input: GuideInput): GuideSection {
  const { heading, paragraphs } = connect(input)
  return { heading, paragraphs: paragraphs.slice(0, 1) }
}

function signInAndAccount(input: ReaderPageInput): GuideSection {
  const { brand, requireAuth, requireWorkEmail, apiReferenceHost, tools } = input
  const { heading, paragraphs } = signIn(input)
  const [how = '', shared = ''] = paragraphs
  const account = brand.signupUrl ? `: [sign up](${brand.signupUrl}) if you have none` : ''
  const accepted = requireWorkEmail
    ? 'Use your address at work: those at free and throw-away mail providers are refused.'
    : 'A personal address will do.'
  const personal = requireAuth ? undefined : tools.findLast(({ access }) => access === 'always')
  const api = `What you ask about the API goes to ${apiReferenceHost}, which is not told who you are.`
  return {
    heading,
    paragraphs: [
      how,
      ...(personal
        ? [
            `A client that is not asked for a sign-in may not offer one. \`${personal.name}\` asks for it: let the client use it once.`,
          ]
        : []),
      `You need an account with ${brand.provider}${account}. Signing in costs nothing. ${accepted}`,
      'The page says which app asks, and where it sends you. Continue only if you have just started this yourself: nobody has verified the name that an app gives itself.',
      apiReferenceHost === undefined ? shared : `${shared} ${api}`,
      `This is how ${brand.name} learns which companies rely on the documentation. It may be passed on to ${brand.name}'s systems for customers and for analytics. Your password stays with ${brand.provider}: neither the client nor ${brand.answerService} sees it.`,
      ...(brand.privacyUrl ? [`More is in the [privacy policy](${brand.privacyUrl}).`] : []),
    ],
  }
}

function questions({ tools, requireAuth, apiReferenceHost }: ReaderPageInput): GuideSection {
  const signIn = { never: 'no', 'if required': requireAuth ? 'yes' : 'if you like', always: 'yes' }
  const examples = [
    '"How do I rotate a credential without downtime? Quote the documentation."',
    '"What changed between the last two versions, and what do I have to do?"',
    '"Check this configuration file against the documentation."',
    ...(apiReferenceHost === undefined ? [] : ['"Which call of the API creates a user? Show me its parameters."']),
  ]
  return {
    heading: 'What you can ask',
    paragraphs: [
      'Ask in your own words: the client chooses the tool. One full question of up to 2,000 characters works better than a few words.',
      bullets(examples),
      table(
        ['tool', 'what it does', 'sign-in'],
        tools.map(({ name, description, access }) => [`\`${name}\``, firstSentence(description), signIn[access]]),
      ),
    ],
  }
}

function feedback({ brand, feedbackTool }: ReaderPageInput): readonly GuideSection[] {
  if (feedbackTool === undefined) return []
  return [
    {
      heading: 'Feedback',
      paragraphs: [
        `Tell the client what is wrong or missing: "Send feedback to the ${brand.name} docs team: this page does not say what the limit is." You have to be signed in. By \`${feedbackTool}\` it sends your text, the address of the page and your e-mail address, and it is told to show you the text and to ask you first.`,
      ],
    },
  ]
}

function limits(input: ReaderPageInput): GuideSection {
  const { brand, limitedAnswer } = input
  const others = `${brand.answerService} has limits of its own, which all readers share. When one is reached, the tool says so: ask again a little later.`
  const [own] = usage(input)
  const { heading, paragraphs } = own ?? { heading: 'How much you may ask', paragraphs: [] }
  const counted =
    'Only calls of tools count: connecting and listing the tools do not. Each answer says in its headers how much is left.'
  const refused =
    'Who asks too much gets an answer like this one. `retry-after`, `ratelimit-reset` and `t` are seconds to wait; `x-ratelimit-reset` is a time, in seconds since 1970.'
  return {
    heading,
    paragraphs: [
      ...paragraphs,
      ...(own ? [counted] : []),
      ...(limitedAnswer === undefined ? [] : [refused, fenced('http', limitedAnswer)]),
      others,
    ],
  }
}

function withoutClient({ site }: ReaderPageInput): readonly GuideSection[] {
  if (!site) return []
  const paragraphs = [
    ...(site.exports.length > 0 ? ['The documentation as a whole:', bullets(site.exports)] : []),
    ...(site.markdownPages ? ['Every page of it is there as Markdown: put `.md` after its address.'] : []),
  ]
  return paragraphs.length > 0 ? [{ heading: 'Without an MCP client', paragraphs }] : []
}

const firstSentence = (text: string) => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text
