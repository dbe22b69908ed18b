import { createV2Client } from './sdk-v2.ts'
import { tellsTheWholeStory } from './story.ts'

tellsTheWholeStory([
  { version: '2025-11-25', create: (options) => createV2Client(options, {}) },
  { version: '2026-07-28', create: (options) => createV2Client(options, { versionNegotiation: { mode: 'auto' } }) },
])
