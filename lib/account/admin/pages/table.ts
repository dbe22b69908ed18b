import { html, type Markup } from '../../../pages/markup.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  /** The column has numbers, which are aligned to the right. */
  readonly number?: boolean
  /** Only screen readers get the title. For a column of buttons. */
  readonly unseenTitle?: boolean
  cell(row: Row): string | Markup
}

/**
 * Makes a table whose rows become cards on a phone, so that every number can be seen. The first column names the row. The roles
 * are for screen readers that no longer treat it as a table once the layout changes.
 */
export function table<Row>(
  label: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  empty: string,
): Markup {
  if (rows.length === 0) return html`<div class="empty"><p>${empty}</p></div>`
  const head = columns.map(
    ({ title, number, unseenTitle }) =>
      html`<th role="columnheader" scope="col"${number === true && html` class="number"`}>${unseenTitle ? html`<span class="unseen">${title}</span>` : title}</th>`,
  )
  const body = rows.map((row) => {
    const cells = columns.map(({ cell, number, title, unseenTitle }, index) =>
      index === 0
        ? html`<th role="rowheader" scope="row">${cell(row)}</th>`
        : html`<td role="cell"${number === true && html` class="number"`}${!unseenTitle && html` data-title="${title}"`}><div>${cell(row)}</div></td>`,
    )
    return html`<tr role="row">${cells}</tr>
`
  })
  return html`<div class="scroll"><table class="cards" role="table" aria-label="${label}"><thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${body}</tbody></table></div>
`
}
