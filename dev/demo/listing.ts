import { styleText } from 'node:util'
import type { Exchange, StoreOperation } from './recorder.ts'

const nameWidth = 36
const timeWidth = 8
const storeWidth = 7
const factWidth = 22
const textWidth = 96

// `styleText` omits colors if the output is not a terminal, or NO_COLOR is set.
const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)

/** Prints the demo as it happens. */
export interface Listing {
  /** Prints a heading. @param columns whether steps follow, with their time and store operations; default true */
  title(text: string, columns?: boolean): void
  /** Prints a step that succeeded, with the time of its requests and the store operations that they waited for. */
  step(name: string, exchanges: readonly Exchange[], detail: string): void
  /** Prints facts that were looked up. They have no time. */
  fact(name: string, facts: { readonly [name: string]: unknown }): void
  /** Prints running text, wrapped. */
  text(text: string): void
  /** Prints a line that must not be broken, such as an address. */
  line(text: string): void
  failure(step: string, reason: string): void
}

/** Makes a listing. @param print receives one line at a time */
export function createListing(print: (line: string) => void): Listing {
  const row = (name: string, time: string, store: string, detail: string) =>
    print(
      `${styleText('green', '✓')} ${name.padEnd(nameWidth)}${time.padStart(timeWidth)}${store.padStart(storeWidth)}   ${dim(detail)}`,
    )
  return {
    title(text, columns = true) {
      print('')
      print(
        `  ${bold(text.padEnd(nameWidth))}${columns ? dim('time'.padStart(timeWidth) + 'store'.padStart(storeWidth)) : ''}`.trimEnd(),
      )
    },
    step(name, exchanges, detail) {
      const milliseconds = exchanges.reduce((sum, exchange) => sum + exchange.milliseconds, 0)
      const operations = exchanges.flatMap((exchange) => exchange.operations)
      const once = operations.filter(isOnce).length
      const awaited = operations.length - once
      const note = once > 0 ? `${detail} (and ${once} once per instance, for the signing key)` : detail
      row(name, `${milliseconds.toFixed(0)} ms`, String(awaited), note)
    },
    fact(name, facts) {
      const told = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null)
      const detail = told.map(([label, value]) => `${dim(label)} ${value}`).join(dim(' · '))
      print(`${styleText('green', '✓')} ${name.padEnd(factWidth)}${detail}`)
    },
    text(text) {
      for (const line of text.split('\n')) for (const part of wrap(line)) print(`    ${part}`.trimEnd())
    },
    line(text) {
      print(`    ${text}`)
    },
    failure(step, reason) {
      print(`${styleText('red', '✗')} ${bold(step)} failed: ${reason}`)
    },
  }
}

/** Whether an operation is for the signing key, which each instance reads once. */
function isOnce({ key }: StoreOperation): boolean {
  return key.startsWith('signing-keys/')
}

function wrap(line: string): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > textWidth) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}
