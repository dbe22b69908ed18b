// The emulator as a process of its own: its options are the first argument, in JSON; it tells its parent how to reach
// it, and ends with its parent.
import { startBlobsEmulator } from './emulator.ts'

const emulator = await startBlobsEmulator(JSON.parse(process.argv[2] ?? '{}'))
process.on('disconnect', () => process.exit())
process.send?.(emulator.clientOptions())
