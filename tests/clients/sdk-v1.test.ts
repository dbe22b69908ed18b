import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js'
import { createV1Client } from './sdk-v1.ts'
import { tellsTheWholeStory } from './story.ts'

tellsTheWholeStory([{ version: LATEST_PROTOCOL_VERSION, create: createV1Client }])
