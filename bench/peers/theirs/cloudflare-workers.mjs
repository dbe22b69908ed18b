// workers-oauth-provider imports one class from the runtime of Cloudflare Workers. Node gets one that keeps what it is given.
import { registerHooks } from 'node:module'

const source = 'export class WorkerEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env } }'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'cloudflare:workers'
      ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
      : next(specifier, context),
})
