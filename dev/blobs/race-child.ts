// One of several processes that race for the same keys.
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { answerRaces } from '../worlds/race-answers.ts'

const { client, racers } = JSON.parse(process.argv[2] ?? '')
answerRaces(createBlobsStore({ name: 'race', client }), racers)
