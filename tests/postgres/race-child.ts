// One of several processes that race for the same keys.
import { answerRaces } from '../../dev/worlds/race-answers.ts'
import { openStore } from './place.ts'

const { url, racers, idleTimeout = 30_000 } = JSON.parse(process.argv[2] ?? '')
answerRaces(openStore(url, { site: 'race', idleTimeout }), racers)
