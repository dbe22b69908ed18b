import { shareKeyPairs } from '../../dev/worlds/key-pairs.ts'

// For unit tests only: the providers of the flows live long, and must never get the same key twice.
shareKeyPairs()
