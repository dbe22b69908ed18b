import type { Limit } from '../base/rate-limit.ts'
import type { Brand } from '../pages/brand.ts'
import { clientSetup } from './client-setup.ts'
import type { Block, GuideInput, GuideSection } from './input.ts'
import { installCommands, installLinks } from './install.ts'
import { signOut, troubleshooting } from './troubleshooting.ts'
import { duration, present } from './words.ts'

export const guideTitle = ({ productName }: Brand) => `${productName} for AI clients`

/** The paragraphs above the first heading. */
export function guideIntroduction({ brand, mcpUrl, example }: GuideInput): readonly Block[] {
  const more = brand.documentationUrl ? ` See also the [documentation](${brand.documentationUrl}).` : ''
  return present<Block>(
    `AI clients can ask the ${brand.productName}. An MCP server answers them with passages and the addresses of their pages.${more}`,
    example &&
      `This page is generated for the default settings. \`${mcpUrl}\` stands for the address that your documentation team gives you. The front page of that server has the same text with its own names, tools and limits.`,
  )
}

/**
 * Everything that people need to know who connect an AI client. The front page, the Markdown page that the service serves
 * and docs/connecting.md are renderings of it. It describes nothing that the settings rule out.
 */
export function guide(input: GuideInput): readonly GuideSection[] {
  return present<GuideSection>(
    connect(input),
    questions(input),
    signIn(input),
    clientSetup(input),
    stayingSignedIn(input),
    feedback(input),
    usage(input),
    troubleshooting(input),
    signOut(input),
    withoutClient(input),
  )
}

function connect(input: GuideInput): GuideSection {
  return {
    heading: 'Connect',
    blocks: [
      'Give this address to Claude, ChatGPT, Cursor, VS Code or another MCP client:',
      { language: 'text', code: input.mcpUrl },
      'There is no key to copy. Your client asks you to sign in when it needs to.',
      { apps: installLinks(input) },
      'In a terminal, run the command of your client:',
      { commands: installCommands(input) },
    ],
  }
}

function signIn(input: GuideInput): GuideSection {
  const { brand, requireAuth, requireWorkEmail, tools } = input
  const page = `your client opens a page in your browser. Press *Continue with ${brand.provider}*, and sign in there. This takes about a minute.`
  const signInTool = requireAuth ? undefined : tools.findLast(({ access }) => access === 'always')
  const account = brand.signupUrl ? ` [Sign up](${brand.signupUrl}) if you have none.` : ''
  return {
    heading: 'Sign in',
    blocks: present<Block>(
      requireAuth ? `When you connect, ${page}` : `You may ask without signing in. If you sign in, ${page}`,
      signInTool &&
        `Some clients offer no sign-in until a tool requires one. Ask yours to use \`${signInTool.name}\`: it requires one.`,
      `You need an account with ${brand.provider}.${account} Signing in is free. ${
        requireWorkEmail
          ? 'Use your work email address. The tools refuse addresses of free and disposable email providers.'
          : 'A personal email address is fine.'
      }`,
      'The page names the app that asks and the address to which it will send you. It also says what the server could verify about the app. Continue only if you have just started this sign-in yourself: the name that an app gives itself is never verified. You can cancel. The page appears each time you connect a client.',
      'This is what you share:',
      { items: shared(input) },
      `Your password stays with ${brand.provider}. Neither the client nor ${brand.answerService} sees it.`,
      brand.privacyUrl && `Read more in the [privacy policy](${brand.privacyUrl}).`,
    ),
  }
}

function shared({ brand, apiReferenceHost, feedbackTool, answerFeedbackTool }: GuideInput): readonly string[] {
  return present<string>(
    `**Your email address and organization**, as far as ${brand.provider} knows them. ${brand.name} records them, the clients that you connect, which tools you use, when and how often, and whether they answer. This tells ${brand.name} which companies rely on the documentation. ${brand.name} may pass them on to its own systems for customers and for analytics.`,
    `**Your questions.** ${brand.answerService} answers your questions, and receives your email address and organization with each one.`,
    apiReferenceHost !== undefined &&
      `**What you look up in the API reference.** ${apiReferenceHost} receives it, and does not learn who you are.`,
    feedbackTool !== undefined &&
      '**Feedback**, if you send any: your text, the page that it is about and your email address.',
    answerFeedbackTool !== undefined &&
      `**What you think of an answer**, if you say so. ${brand.answerService} receives it and your comment, and does not learn who you are.`,
  )
}

/** `undefined` while the lifetimes are not known. */
function stayingSignedIn({ lifetimes }: GuideInput): GuideSection | undefined {
  if (!lifetimes) return undefined
  const { accessToken, refreshToken, grant } = lifetimes
  const often = duration(accessToken).replace(/^1 /, '')
  return {
    heading: 'Staying signed in',
    blocks: [
      `Your client renews its access every ${often} without asking you. You sign in again if you have not used the client for ${duration(refreshToken)}, and after ${duration(grant)} in any case.`,
    ],
  }
}

function questions({ tools, requireAuth, apiReferenceHost }: GuideInput): GuideSection {
  const signIn = { never: 'no', 'if required': requireAuth ? 'yes' : 'optional', always: 'yes' }
  return {
    heading: 'What you can ask',
    blocks: [
      'Ask in your own words: the client chooses the tool. One full question of up to 2,000 characters works better than a few words.',
      {
        items: present<string>(
          '"How do I rotate a credential without downtime? Quote the documentation."',
          '"What changed between the last two versions, and what do I have to do?"',
          '"Check this configuration file against the documentation."',
          apiReferenceHost !== undefined && '"Which call of the API creates a user? Show me its parameters."',
          '"Which account am I signed in with, and what have I allowed?"',
          '"How do I sign out of the docs server?"',
        ),
      },
      {
        columns: ['tool', 'what it does', 'sign-in'],
        rows: tools.map(({ name, description, access }) => [`\`${name}\``, firstSentence(description), signIn[access]]),
      },
    ],
  }
}

function feedback({ brand, feedbackTool }: GuideInput): GuideSection | undefined {
  if (feedbackTool === undefined) return undefined
  return {
    heading: 'Feedback',
    blocks: [
      `Tell your client what is wrong or missing: "Send feedback to the ${brand.name} docs team: this page does not say what the limit is." You must be signed in. The client sends the feedback with \`${feedbackTool}\`. The server tells it to show you the text and to ask you first.`,
      'Feedback is a permission of its own. The sign-in page names it, and you can leave it out there. To allow it later, sign out and sign in again. If feedback fails with `insufficient_scope`, your client did not ask for this permission at sign-in. Everything else still works.',
    ],
  }
}

function usage({ brand, requireAuth, limits, limitedAnswer }: GuideInput): GuideSection {
  const { user, plans, address } = limits
  const anonymous = requireAuth ? undefined : address
  const counted =
    'Only tool calls count. Connecting and listing the tools do not. The headers of each answer say how much is left. For a signed-in user the number is rounded down to a quarter of the limit.'
  const refused =
    'When you have reached the limit, the server answers like this. `retry-after`, `ratelimit-reset` and `t` are seconds to wait. `x-ratelimit-reset` is a time, in seconds since 1970.'
  return {
    heading: 'How much you may ask',
    blocks: present<Block>(
      user && `${callsIn(user)} for each person who has signed in, with all their clients together.`,
      plans && `${brand.name} has set other limits for some organizations or email domains.`,
      anonymous && `Without signing in: ${callsIn(anonymous)}, shared by everyone at your network address.`,
      (user || anonymous) && counted,
      ...(limitedAnswer === undefined ? [] : [refused, { language: 'http', code: limitedAnswer }]),
      `${brand.answerService} has limits of its own, which all readers share. When one is reached, the tool says so. Ask again a little later.`,
    ),
  }
}

function withoutClient({ site }: GuideInput): GuideSection | undefined {
  if (!site) return undefined
  const blocks: readonly Block[] = [
    ...(site.exports.length > 0 ? ['The documentation as a whole:', { items: site.exports }] : []),
    ...(site.markdownPages ? ['Every page also exists as Markdown: put `.md` after its address.'] : []),
  ]
  return blocks.length > 0 ? { heading: 'Without an MCP client', blocks } : undefined
}

const callsIn = ({ limit, windowSeconds }: Limit) =>
  `${limit} ${limit === 1 ? 'question' : 'questions'} in ${duration(windowSeconds)}`

const firstSentence = (text: string) => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text
