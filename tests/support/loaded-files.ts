/**
 * Preloaded into a function host: prints the path of each module of a function that the host loads. It reads no file of
 * the host's own, and changes nothing.
 */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = `${process.env.LAMBDA_TASK_ROOT}/`

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith('file:') ? fileURLToPath(url) : ''
    if (path.startsWith(root)) process.stdout.write(`loaded ${path.slice(root.length)}\n`)
    return nextLoad(url, context)
  },
})
