import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** Methods of Netlify's store that `lib/store/blobs/` never calls. esbuild cannot drop the methods of a class. */
const unused = /^ {2}async (?:get|getMetadata|setJSON)\(.*\{\n[\s\S]*?^ {2}\}\n/gm

/** Leaves out what nothing calls of Netlify's client of Blobs, for a faster start of each function. */
export const withoutUnusedMethods: Plugin = {
  name: 'blobs-client',
  setup({ onLoad }) {
    onLoad({ filter: /@netlify\/blobs\/dist\/main\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (text.match(unused)?.length !== 3) {
        throw new Error('the client of Netlify Blobs is written in another way: see dev/build/blobs-client.ts')
      }
      return { contents: text.replace(unused, '') }
    })
  },
}
