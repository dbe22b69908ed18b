import { html, type Markup } from '../../../pages/markup.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  /** Numbers are set to the right. */
  readonly number?: boolean
  /** Hidden from the eye, and read out: for a column of buttons. */
  readonly unseenTitle?: boolean
  cell(row: Row): string | Markup
}

/** A table that scrolls by itself where the screen is narrow. Its first column names the row. */
export function table<Row>(
  label: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  empty: string,
): Markup {
  if (rows.length === 0) return html`<div class="empty"><p>${empty}</p></div>`
  const head = columns.map(
    ({ title, number, unseenTitle }) =>
      html`<th scope="col"${number === true && html` class="number"`}>${unseenTitle ? html`<span class="unseen">${title}</span>` : title}</th>`,
  )
  const body = rows.map((row) => {
    const cells = columns.map(({ cell, number }, index) =>
      index === 0
        ? html`<th scope="row">${cell(row)}</th>`
        : html`<td${number === true && html` class="number"`}>${cell(row)}</td>`,
    )
    return html`<tr>${cells}</tr>
`
  })
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>
`
}
