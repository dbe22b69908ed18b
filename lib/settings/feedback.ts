import type { Brand } from '../pages/brand.ts'
import { redpandaOnly } from './brand.ts'
import type { SettingsReader } from './reader.ts'

/** Where the form for feedback is, as it is written in the settings; `undefined`: there is none, and no tool for it. */
export function readFeedbackForm(settings: SettingsReader, brand: Brand): string | undefined {
  const form = settings.text('MCP_FEEDBACK_FORM_PATH') ?? redpandaOnly(brand, '/home/')
  return form === 'off' ? undefined : form
}
