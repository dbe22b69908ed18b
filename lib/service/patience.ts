import { lifetimes } from '../oauth/capabilities.ts'
import type { Patience } from '../people/attempts/step.ts'
import type { SignInSettings } from '../settings/sign-in.ts'

/** How long each step of a sign-in may take, in seconds: the lifetime of what the browser or the client holds meanwhile. */
export const patienceOf = ({ signInLifetime }: Pick<SignInSettings, 'signInLifetime'>): Patience => ({
  consent: lifetimes.consent,
  signIn: signInLifetime,
  confirmation: lifetimes.confirmation,
  code: lifetimes.code,
})
