import type { Brand } from '../pages/brand.ts'
import {
  type ApiReferenceChoices,
  authStatusName,
  type FeedbackChoices,
  type PrivatePagesChoices,
  type ToolChoices,
  whoamiName,
} from './tool-choices.ts'

/** The name and the texts of a tool. */
export interface ToolTexts {
  readonly name: string
  readonly title: string
  readonly description: string
}

export type ApiReferenceSettings = ReturnType<typeof apiReferenceTexts>

/** The tools with the texts that clients see. Only the functions that list or describe tools make it. */
export interface ToolSettings
  extends Omit<ToolChoices, 'ask' | 'apiReference' | 'feedback' | 'answerFeedback' | 'privatePages'> {
  readonly ask: ToolTexts
  readonly apiReference: ApiReferenceSettings | undefined
  readonly feedback: ReturnType<typeof feedbackTexts> | undefined
  readonly answerFeedback: ToolTexts | undefined
  readonly privatePages: ReturnType<typeof privatePagesTexts> | undefined
  readonly authStatus: ToolTexts
  readonly whoami: ToolTexts
  /** For the model: what this server is for, and when to use which of the tools that it is offered. */
  instructions(isOffered: (tool: string) => boolean): string
}

/** Makes the texts of the tools, in the words of the brand. */
export function describeTools(
  { ask, apiReference, feedback, answerFeedback, privatePages, ...choices }: ToolChoices,
  brand: Brand,
): ToolSettings {
  const tools = {
    ask: askTexts(ask, brand),
    apiReference: apiReference && apiReferenceTexts(apiReference, brand),
    feedback: feedback && feedbackTexts(feedback, brand),
    answerFeedback: answerFeedback === undefined ? undefined : answerFeedbackTexts(answerFeedback, ask.name),
    privatePages: privatePages && privatePagesTexts(privatePages, brand),
    authStatus: {
      name: authStatusName,
      title: 'Sign-in Status',
      description:
        'Tells whether the user has signed in to this server, and how to sign in or out. Needs no sign-in, and never shows a token.',
    },
    whoami: {
      name: whoamiName,
      title: 'Who Am I',
      description: 'Tells who is signed in to this server, and what this client may do for them. Never shows a token.',
    },
  }
  return {
    ...choices,
    ...tools,
    instructions: (isOffered) => instructionsOf(tools, brand, isOffered),
  }
}

function instructionsOf(
  { ask, apiReference: api, feedback, privatePages, authStatus }: Pick<ToolSettings, ToolKeys>,
  brand: Brand,
  isOffered: (tool: string) => boolean,
) {
  return [
    `Answers questions about ${brand.name} from the ${brand.productName}.`,
    `Use ${ask.name} for questions, and cite the addresses that come with the passages.`,
    api && `For the reference of an API use ${api.search.name} or ${api.list.name}, then ${api.content.name}.`,
    privatePages && isOffered(privatePages.tool.name) && `Use ${privatePages.tool.name} for pages that are not public.`,
    feedback &&
      isOffered(feedback.tool.name) &&
      `Use ${feedback.tool.name} only after the user has agreed to the exact text.`,
    `${authStatus.name} tells how to sign in and out.`,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')
}

/** A tool as the server and the pages list it. */
export interface ToolEntry extends ToolTexts {
  /** It needs to know the user, so that it always needs a sign-in. */
  readonly ofPerson: boolean
}

/** Lists every tool of this server, in the order of `tools/list`. */
export function toolsOf(settings: Pick<ToolSettings, ToolKeys>): readonly ToolEntry[] {
  const { ask, apiReference: api, feedback, answerFeedback, privatePages, authStatus, whoami } = settings
  const all = [
    ask,
    api?.list,
    api?.search,
    api?.content,
    privatePages?.tool,
    feedback?.tool,
    answerFeedback,
    authStatus,
    whoami,
  ]
  const ofPerson = [privatePages?.tool, feedback?.tool, answerFeedback, whoami]
  return all.filter((texts) => texts !== undefined).map((texts) => ({ ...texts, ofPerson: ofPerson.includes(texts) }))
}

/** Whether a tool needs a sign-in: never, only where `REQUIRE_AUTH` is on, or always. */
export function signInOf({ name, ofPerson }: ToolEntry, publicTools: readonly string[]) {
  if (ofPerson) return 'always'
  return publicTools.includes(name) ? 'never' : 'if required'
}

type ToolKeys = 'ask' | 'apiReference' | 'feedback' | 'answerFeedback' | 'privatePages' | 'authStatus' | 'whoami'

function askTexts({ name, title, description }: ToolChoices['ask'], brand: Brand): ToolTexts {
  return {
    name,
    title: title ?? `Search ${brand.name} Sources`,
    description:
      description ??
      `Answers a question from the ${brand.productName} and related sources. Ask one full question in plain words. The result is a list of passages, each with its address.`,
  }
}

function apiReferenceTexts({ hubUrl, pagesUrl, ...choices }: ApiReferenceChoices, brand: Brand) {
  // Without the base of their pages, a model cannot name an API.
  const apis = choices.apis && pagesUrl ? ` The APIs are: ${choices.apis}.` : ''
  return {
    hubUrl,
    pagesUrl,
    list: {
      name: choices.list,
      title: `List ${brand.name} API Reference Pages`,
      description: `Lists the pages of the ${brand.name} API reference: operations, schemas, topics.${apis}`,
    },
    search: {
      name: choices.search,
      title: `Search ${brand.name} API Reference`,
      description: `Searches the ${brand.name} API reference, and returns up to 20 pages with their addresses.${apis}`,
    },
    content: {
      name: choices.content,
      title: `Read ${brand.name} API Reference`,
      description: `Returns the content of up to 10 pages of the ${brand.name} API reference, by the addresses that the list or the search gave.`,
    },
  }
}

function feedbackTexts(choices: FeedbackChoices, brand: Brand) {
  return {
    ...choices,
    tool: {
      name: choices.tool,
      title: `Send Feedback on the ${brand.name} Documentation`,
      description: `Sends feedback on the ${brand.productName} to the team that writes it. Show the user the exact text and ask for consent before every call: the text is sent with the user’s email address.`,
    },
  }
}

function answerFeedbackTexts(name: string, ask: string): ToolTexts {
  return {
    name,
    title: 'Rate an Answer',
    description: `Tells the service behind ${ask} whether an answer was right, by its \`question_answer_id\`. Call it only when the user says that an answer was right or wrong, and add a comment only in the user’s words.`,
  }
}

function privatePagesTexts({ tool: name, ...choices }: PrivatePagesChoices, brand: Brand) {
  return {
    ...choices,
    tool: {
      name,
      title: `Search Private ${brand.name} Pages`,
      description: `Searches ${brand.name} pages that are not public, with the rights of the user’s own account: it finds only what this user may read there. Returns up to 10 pages with address and excerpt. Show the user what is found, and treat it as confidential.`,
    },
  }
}
