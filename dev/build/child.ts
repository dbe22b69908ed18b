/** The child process of `buildInChild`: it runs one build, sends one answer, and ends with its parent. */
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import * as v from 'valibot'
import { buildFunctions } from './build.ts'

const optional = v.optional(v.string())
const request = v.object({ outDir: v.string(), functionsDirectory: optional, skillsFolder: optional })

// A terminal sends Ctrl-C and its own end to the whole process group. The parent decides when the build ends.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.once('disconnect', () => process.exit(1))

const [message] = await once(process, 'message')
const options = v.parse(request, message)
try {
  // With NODE_COMPILE_CACHE, the next build loads Netlify's build tool in half the time. The parent kills this process.
  flushCompileCache()
  process.send?.({ artifact: await buildFunctions(options) })
} catch (error) {
  process.send?.({ error: error instanceof Error ? error.message : String(error) })
}
