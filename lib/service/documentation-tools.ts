import { createApiReference } from '../answers/api-reference.ts'
import { createKapa } from '../answers/kapa.ts'
import { createKapaRetrieval } from '../answers/kapa-retrieval.ts'
import { getApiReferenceContent, listApiReferencePages, searchApiReference } from '../mcp/tools/api-reference.ts'
import { askQuestion } from '../mcp/tools/ask-question.ts'
import type { Tool } from '../mcp/tools/tool.ts'
import type { ToolSettings } from '../settings/tools.ts'
import { identity } from './identity.ts'
import { log } from './log.ts'
import type { ToolProfiles } from './tool-profiles.ts'

/** Creates the tools that answer from the documentation, in the order of `tools/list`. */
export function createTools(
  { kapa, apiReference }: Pick<ToolSettings, 'kapa' | 'apiReference'>,
  { ask, list, search, content }: ToolProfiles,
  kapaApiKey: string,
): readonly Tool[] {
  const client = { name: identity.name, version: identity.version }

  const answerService =
    kapa.kind === 'mcp'
      ? createKapa({ ...kapa, apiKey: kapaApiKey, client, log })
      : createKapaRetrieval({ ...kapa, apiKey: kapaApiKey, log })

  const question = askQuestion({ ...ask, answerService })
  if (!apiReference || !list || !search || !content) return [question]
  const { hubUrl, pagesUrl } = apiReference
  const reference = { apiReference: createApiReference({ url: hubUrl, client, log }), pagesUrl }
  return [
    question,
    listApiReferencePages({ ...list, ...reference }),
    searchApiReference({ ...search, ...reference }),
    getApiReferenceContent({ ...content, ...reference }),
  ]
}
