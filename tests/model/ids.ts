/** The caller that continues now, and how many IDs it has made. */
let maker = { name: '', ids: 0 }

/** From now on, IDs are made by this caller. */
export function makeIdsFor(caller: { readonly name: string; ids: number }): void {
  maker = caller
}

/** An ID that depends only on what its caller did before, in place of a random one. */
export const nextId = (): string => `${maker.name}-${maker.ids++}`
