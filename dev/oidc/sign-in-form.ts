import type { Provider } from 'oidc-provider'
import { readBody } from '../stand-in.ts'
import { type Account, accountFor } from './account.ts'
import { errorPage, pageHeaders, signInPage } from './page.ts'

type Middleware = Parameters<Provider['use']>[0]

/** The path to which `oidc-provider` sends a user for an interaction. */
export const interactionPath = '/interaction/'

/**
 * Handles the page on which the user enters an email address. The provider binds the page to the browser by a signed
 * cookie of that path.
 *
 * @param remember receives each account that signs in, before the provider asks for it
 */
export function signInForm(provider: Provider, remember: (account: Account) => void): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(interactionPath)) return next()
    ctx.set({ ...pageHeaders })
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
    if (interaction === undefined || `${interactionPath}${interaction.uid}` !== ctx.path) {
      ctx.status = 400
      ctx.body = String(await errorPage('This sign-in has expired, or was opened in another browser.'))
      return
    }
    const finish = async (result: Parameters<Provider['interactionResult']>[2]) => {
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
      ctx.status = 303
    }
    // There is nothing to agree to. An application that requests a consent prompt gets a yes.
    if (interaction.prompt.name === 'consent') return finish({ consent: {} })
    if (ctx.method !== 'POST') {
      ctx.body = String(await signInPage())
      return
    }

    const form = new URLSearchParams(await readBody(ctx.req))
    if (form.get('action') === 'cancel') {
      return finish({ error: 'access_denied', error_description: 'The sign-in was cancelled.' })
    }
    const entered = { email: form.get('email') ?? '', organization: form.get('organization') ?? '' }
    const account = accountFor(entered.email, entered.organization)
    if (account === null) {
      ctx.status = 400
      ctx.body = String(await signInPage(entered))
      return
    }
    remember(account)
    // `select_account` is a separate prompt, and needs an answer under its own name as well.
    return finish({ login: { accountId: account.sub, remember: true }, select_account: {} })
  }
}
