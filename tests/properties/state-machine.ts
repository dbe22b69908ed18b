import { script } from './machine/any-script.ts'
import { shorter, showScript } from './machine/counterexample.ts'
import { play } from './machine/play.ts'
import { property } from './property.ts'

export const stateMachine = property({
  name: 'whatever people, clients, hosts of documents and the store do, a grant is what it ought to be',
  cases: 150,
  values: script,
  holds: play,
  show: showScript,
  shorter,
})
