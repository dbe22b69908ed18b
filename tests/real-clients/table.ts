import { styleText } from 'node:util'

/** One step of one client, or of one suite. */
export interface Cell {
  readonly client: string
  readonly step: string
  readonly outcome: 'ok' | 'failed' | 'not applicable'
  /** The reason for every outcome except `ok`. */
  readonly reason?: string
  readonly milliseconds: number
}

/**
 * A table of clients and steps with seconds, without the steps that no client has. Below it, the reasons why a client has
 * no such step or failed.
 */
export function table(cells: readonly Cell[]): string {
  const clients = [...new Set(cells.map(({ client }) => client))]
  const steps = [...new Set(cells.map(({ step }) => step))]
  const width = Math.max(...clients.map((client) => client.length))
  const columns = steps.map((step) => ({ step, width: Math.max(step.length, 7) }))
  const head = ['', ...columns.map((column) => column.step.padStart(column.width))]
  const lines = clients.map((client) => {
    const row = columns.map(({ step, width }) => {
      const cell = cells.find((one) => one.client === client && one.step === step)
      return colored(cell, textOf(cell).padStart(width))
    })
    return [client.padEnd(width), ...row].join('  ')
  })
  return [[''.padEnd(width), ...head.slice(1)].join('  '), ...lines, ...reasons(cells)].join('\n')
}

function textOf(cell: Cell | undefined): string {
  if (cell?.outcome === 'ok') return `✓ ${(cell.milliseconds / 1000).toFixed(1)} s`
  return cell?.outcome === 'failed' ? '✗' : '–'
}

// `styleText` adds no colors if the output is not a terminal, or NO_COLOR is set.
function colored(cell: Cell | undefined, text: string): string {
  if (cell?.outcome === 'ok') return styleText('green', text)
  return cell?.outcome === 'failed' ? styleText('red', text) : styleText('dim', text)
}

/** Each reason once, with the clients that it applies to. */
function reasons(cells: readonly Cell[]): readonly string[] {
  const lines = new Map<string, string[]>()
  for (const { outcome, client, step, reason = '' } of cells) {
    // The steps after a failure have no reason of their own.
    if (outcome === 'ok' || reason.startsWith('not reached')) continue
    const line = `${outcome === 'failed' ? '✗' : '–'} ${step}: ${reason}`
    lines.set(line, [...(lines.get(line) ?? []), client])
  }
  return lines.size === 0 ? [] : ['', ...[...lines].map(([line, clients]) => `${line} (${clients.join('; ')})`)]
}
