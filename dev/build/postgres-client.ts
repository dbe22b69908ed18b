import { isBuiltin } from 'node:module'
import { build, type Plugin } from 'esbuild'
import { repository } from '../repository.ts'

/**
 * Turns the client of PostgreSQL, which is CommonJS, into one ES module. The helpers of CommonJS stay inside it: esbuild would
 * put them into the file that every function loads at its start, and a `require` with them.
 */
export const joinedPostgresClient: Plugin = {
  name: 'postgres-client',
  setup({ onResolve, onLoad }) {
    const client = 'pg/lib/client.js'
    onResolve({ filter: /^pg\/lib\/client\.js$/ }, () => ({ path: client, namespace: 'postgres-client' }))
    onLoad({ filter: /.*/, namespace: 'postgres-client' }, async () => {
      const { outputFiles } = await build({
        stdin: { contents: `export { default } from '${client}'`, resolveDir: repository },
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node24',
        minify: true,
        legalComments: 'none',
        logLevel: 'silent',
        write: false,
        plugins: [withoutPasswordFile, importedBuiltins],
      })
      return { contents: outputFiles[0]?.text ?? '', resolveDir: repository }
    })
  },
}

/** Leaves out the search for a file `.pgpass`, which the client deprecates and no function has. */
const withoutPasswordFile: Plugin = {
  name: 'without-password-file',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^pgpass$/ }, ({ path }) => ({ path, namespace: 'without-password-file' }))
    onLoad({ filter: /.*/, namespace: 'without-password-file' }, () => ({
      contents: 'module.exports = (_connection, next) => next()',
    }))
  },
}

/** Imports Node's own modules, where the client requires them. */
const importedBuiltins: Plugin = {
  name: 'imported-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      kind === 'require-call' && isBuiltin(path)
        ? { path: path.replace(/^node:/, ''), namespace: 'imported-builtins' }
        : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'imported-builtins' }, ({ path }) => ({
      contents: `export * from 'node:${path}'`,
    }))
  },
}
