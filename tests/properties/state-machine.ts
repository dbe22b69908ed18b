import { script } from './machine/any-script.ts'
import { shorter, showScript } from './machine/counterexample.ts'
import { play } from './machine/play.ts'
import { property } from './property.ts'

export const stateMachine = property({
  name: 'whatever users, clients, hosts of documents and the store do, a grant follows its model',
  cases: 150,
  values: script,
  holds: play,
  show: showScript,
  shorter,
})
