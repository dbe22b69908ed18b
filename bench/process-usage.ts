import { readFileSync } from 'node:fs'

/** Clock ticks of `/proc`, which is 100 a second on every Linux that Node runs on. */
const tick = 10_000

/** User and system time of a process so far, in µs, in steps of 10,000; NaN where there is no `/proc`. */
export function cpuOf(pid: number): number {
  // The name of the program, in parentheses, may hold spaces; what follows has fixed places.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tick
}

/** Time of all programs on this machine so far, in µs; NaN where there is no `/proc`. */
export function cpuOfAll(): number {
  const [user = Number.NaN, nice = 0, system = 0, , , irq = 0, softirq = 0] = read('/proc/stat')
    .split('\n', 1)
    .flatMap((line) => line.split(/ +/).slice(1).map(Number))
  return (user + nice + system + irq + softirq) * tick
}

/** Resident memory of a process in MB; NaN where there is no `/proc`. */
export function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]) / 1024
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
