/** Where the output of a source is in the package, without its ending: `lib/a/b.ts` is at `a/b`. */
export const outputOf = (source: string): string => source.replace(/^lib\//, '').replace(/\.ts$/, '')
