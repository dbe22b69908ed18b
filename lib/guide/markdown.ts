/** Text that stands as it is, in a block of its own. */
export const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``

export const bullets = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n')

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')
}

/** A line break would end the row, and a bar the cell. */
const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
