import { type Preset, saysVerified } from './preset.ts'

/** Any OpenID Provider that keeps to the specifications. It has no claim for organizations unless the settings name one. */
export const preset: Preset = {
  label: 'your company account',
  isVerified: saysVerified,
  remedy: 'Verify your email address there, or ask the administrator of your account to do it. Then start again.',
}
