import { createApiReference } from '../answers/api-reference.ts'
import { createKapa } from '../answers/kapa.ts'
import { createKapaRetrieval } from '../answers/kapa-retrieval.ts'
import type { Access } from '../mcp/tools/access.ts'
import { getApiReferenceContent, listApiReferencePages, searchApiReference } from '../mcp/tools/api-reference.ts'
import { askQuestion } from '../mcp/tools/ask-question.ts'
import type { Tool } from '../mcp/tools/tool.ts'
import { scopes } from '../oauth/capabilities.ts'
import { type ApiReferenceSettings, signInOf, type ToolSettings, type ToolTexts } from '../settings/tools.ts'
import { identity } from './identity.ts'
import { log } from './log.ts'

/** The scope that a token needs to use `/mcp`. */
const [read] = scopes

/** Returns who may call a tool that need not know the user. */
export function accessOf(texts: ToolTexts, publicTools: readonly string[]): Access {
  const signIn = signInOf({ ...texts, ofPerson: false }, publicTools)
  return { signIn, scopes: signIn === 'never' ? [] : [read] }
}

/** Creates the tools that answer from the documentation, in the order of `tools/list`. */
export function createTools(settings: ToolSettings, kapaApiKey: string): readonly Tool[] {
  const { ask, kapa, apiReference, publicTools } = settings
  const accessTo = (tool: ToolTexts) => accessOf(tool, publicTools)
  const client = { name: identity.name, version: identity.version }

  const answerService =
    kapa.kind === 'mcp'
      ? createKapa({ ...kapa, apiKey: kapaApiKey, client, log })
      : createKapaRetrieval({ ...kapa, apiKey: kapaApiKey, log })

  function apiReferenceTools({ hubUrl, pagesUrl, list, search, content }: ApiReferenceSettings): readonly Tool[] {
    const reference = { apiReference: createApiReference({ url: hubUrl, client, log }), pagesUrl }
    return [
      listApiReferencePages({ ...list, access: accessTo(list), ...reference }),
      searchApiReference({ ...search, access: accessTo(search), ...reference }),
      getApiReferenceContent({ ...content, access: accessTo(content), ...reference }),
    ]
  }

  const question = askQuestion({ ...ask, access: accessTo(ask), answerService })
  return apiReference ? [question, ...apiReferenceTools(apiReference)] : [question]
}
