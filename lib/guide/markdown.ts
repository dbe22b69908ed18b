import { guide, guideIntroduction, guideTitle } from './guide.ts'
import type { Block, GuideInput, GuideSection } from './input.ts'

/** Renders the guide as Markdown. */
export function guideMarkdown(input: GuideInput): string {
  const blocks = [`# ${guideTitle(input.brand)}`, ...guideIntroduction(input).map(rendered)]
  return `${[...blocks, ...guide(input).flatMap((section) => sectionBlocks(section, '##'))].join('\n\n')}\n`
}

function sectionBlocks({ heading, blocks, parts = [] }: GuideSection, level: string): readonly string[] {
  return [`${level} ${heading}`, ...blocks.map(rendered), ...parts.flatMap((part) => sectionBlocks(part, `${level}#`))]
}

function rendered(block: Block): string {
  if (typeof block === 'string') return block
  if ('apps' in block) return block.apps.map(({ app, web }) => `[Add to ${app}](${web})`).join(' · ')
  if ('commands' in block)
    return rendered({ items: block.commands.map(({ client, command }) => `${client}: \`${command}\``) })
  if ('code' in block) return `\`\`\`${block.language}\n${block.code}\n\`\`\``
  if ('items' in block) return block.items.map((item) => `- ${item}`).join('\n')
  const rows = [block.columns, block.columns.map(() => '---'), ...block.rows]
  return rows.map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')
}

/** A line break would end the row, and a bar the cell. */
const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
