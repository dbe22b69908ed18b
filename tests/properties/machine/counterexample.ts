import type { Script, Step } from './script.ts'

/** Lists scripts that leave out one step, request or fault. */
export function* shorter(longer: Script): Iterable<Script> {
  for (const [index, each] of longer.steps.entries()) {
    yield { ...longer, steps: longer.steps.toSpliced(index, 1) }
    if (each.do === 'authorize' && each.fault !== undefined) {
      yield { ...longer, steps: longer.steps.with(index, { ...each, fault: undefined }) }
    }
    if (each.do === 'register') {
      for (const [at, fault] of each.faults.entries()) {
        const fewer = each.faults.toSpliced(at, 1)
        if (fewer.length > 0) yield { ...longer, steps: longer.steps.with(index, { ...each, faults: fewer }) }
        if (fault === undefined) continue
        const calmer = each.faults.with(at, undefined)
        yield { ...longer, steps: longer.steps.with(index, { ...each, faults: calmer }) }
      }
    }
    if (each.do !== 'tokens') continue
    for (const [at, request] of each.requests.entries()) {
      const fewer = each.requests.toSpliced(at, 1)
      if (fewer.length > 0) yield { ...longer, steps: longer.steps.with(index, { ...each, requests: fewer }) }
      if (request.fault === undefined) continue
      const calmer = each.requests.with(at, { ...request, fault: undefined })
      yield { ...longer, steps: longer.steps.with(index, { ...each, requests: calmer }) }
    }
  }
}

/** Prints a script with one line for each step. It leaves out default values. */
export function showScript({ secrets, signingKey, steps }: Script): string {
  return [
    `secrets of the instances: ${secrets}; signing key: ${signingKey}`,
    ...steps.map((each, index) => `${index + 1}. ${showStep(each)}`),
  ].join('\n')
}

function showStep(each: Step): string {
  if (each.do === 'register') {
    const faults = each.faults.map((fault) => (fault ? `${fault.kind}@${fault.at}` : 'fine')).join('  ||  ')
    return `${each.do}${showMembers(each, ['do', 'faults', 'order'])}: ${faults}${showOrder(each.faults, each.order)}`
  }
  if (each.do !== 'tokens') return each.do + showMembers(each, ['do'])
  const requests = each.requests.map((request) => request.kind + showMembers(request, ['kind']))
  return requests.join('  ||  ') + showOrder(each.requests, each.order)
}

const showOrder = (together: readonly unknown[], order: readonly number[]) =>
  together.length > 1 ? `   (order ${order.join('')}…)` : ''

function showMembers(each: object, hidden: readonly string[]): string {
  const shown = Object.entries(each).filter(
    ([name, value]) =>
      !hidden.includes(name) && ![0, false, undefined, 'nothing', 'own', 'fine', 'code'].includes(value),
  )
  return shown
    .map(([name, value]) => ` ${name}=${typeof value === 'object' ? `${value.kind}@${value.at}` : value}`)
    .join('')
}
