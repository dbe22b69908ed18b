import { play } from './machine/play.ts'
import { script, shorter, showScript } from './machine/script.ts'
import { property } from './property.ts'

export const stateMachine = property({
  name: 'whatever people, clients and the store do, a grant is what it ought to be',
  cases: 150,
  values: script,
  holds: play,
  show: showScript,
  shorter,
})
