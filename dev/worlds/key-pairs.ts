/** How many calls in a row get different key pairs. */
const distinct = 6

/**
 * Makes `generateKey` return RSA key pairs again that this process has created, because creating one takes a tenth of a second of
 * CPU. Of each kind, the first `distinct` calls create a pair, and later calls get these pairs in turn.
 */
export function shareKeyPairs(): void {
  if (Object.hasOwn(crypto.subtle, 'generateKey')) return
  const create = crypto.subtle.generateKey.bind(crypto.subtle)
  const kinds = new Map<string, { pairs: ReturnType<typeof create>[]; calls: number }>()

  function createOrShare(...parameters: Parameters<typeof create>): ReturnType<typeof create> {
    const [algorithm] = parameters
    if (typeof algorithm === 'string' || !algorithm.name.startsWith('RSA')) return create(...parameters)
    const name = JSON.stringify(parameters)
    const kind = kinds.get(name) ?? { pairs: [], calls: 0 }
    kinds.set(name, kind)
    const index = kind.calls++ % distinct
    const pair = kind.pairs[index] ?? create(...parameters)
    kind.pairs[index] = pair
    return pair
  }
  Object.defineProperty(crypto.subtle, 'generateKey', { value: createOrShare, configurable: true, writable: true })
}
