import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import { hidden } from '../../pages/account.ts'
import type { ExportName } from '../actions.ts'
import type { ChosenExport } from '../export-answer.ts'
import { type FilePart, partName } from '../export-parts.ts'
import { adminPaths, ranges } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'
import { table } from './table.ts'

/** What can be exported, and what is in it. */
const contents: Readonly<Record<ExportName, string>> = {
  usage: 'Usage: one row for each day, person, company, client, tool and outcome. People have pseudonyms',
  companies: 'Companies: name, domain, people, calls and errors',
  people: 'People: email address, company, first and last seen, calls. This is personal data',
  audit: 'Audit log: what happened, with the names of people that only this log uses',
}

/** Makes the page with the exports: files for a spreadsheet or a program, with the data that the other pages show. */
export function exportsPage(frame: Frame, { form }: { readonly form: string }): Page {
  const what = Object.entries(contents).map(
    ([value, text]) =>
      html`<label><input type="radio" name="what" value="${value}"${value === 'usage' && html` checked`}>${text}</label>`,
  )
  const content = html`<form class="form" method="post" action="${adminPaths.exports}">${hidden(form)}
<fieldset><legend>What</legend>${what}</fieldset>
<fieldset><legend>Time<small>The export of people does not depend on the days that you choose.</small></legend>${ranges.map((days) => html`<label><input type="radio" name="days" value="${days}"${days === 30 && html` checked`}>${days === 1 ? 'Today' : `${days} days`}</label>`)}</fieldset>
<fieldset><legend>Format</legend><label><input type="radio" name="format" value="csv" checked>CSV, for a spreadsheet</label><label><input type="radio" name="format" value="ndjson">NDJSON, one JSON object a line</label></fieldset>
<div class="row"><button class="primary">Download</button></div></form>
<p class="note">With many people, usage and people are several files, and the next page has them. Each export is in the audit log. In CSV, a cell that a spreadsheet could take for a formula begins with an apostrophe.</p>`
  const lead = 'The numbers behind the pages, as a file.'
  return adminLayout(frame, { section: adminPaths.exports, title: 'Exports', lead }, content)
}

/** Makes the page with the files of an export that is too long for one. Each button is one file. */
export function exportPartsPage(
  frame: Frame,
  {
    chosen,
    parts,
    form,
  }: { readonly chosen: ChosenExport; readonly parts: readonly FilePart[]; readonly form: string },
): Page {
  const { what, format, days } = chosen
  const people = parts.reduce((sum, part) => sum + part.people, 0)
  const files = table<FilePart>(
    'Files',
    parts,
    [
      { title: 'File', cell: (part) => `${what}-part-${partName(part)}.${format}` },
      { title: 'People', number: true, cell: (part) => numbers.format(part.people) },
      {
        title: 'Download',
        unseenTitle: true,
        cell: (part) => html`<button name="part" value="${partName(part)}">Download part ${part.index + 1}</button>`,
      },
    ],
    '',
  )
  const content = html`<form class="form" method="post" action="${adminPaths.exports}">${hidden(form)}
<input type="hidden" name="what" value="${what}"><input type="hidden" name="format" value="${format}"><input type="hidden" name="days" value="${days}">
${files}</form>
<p class="note">The names of the files sort in the order of the parts. ${
    format === 'csv'
      ? 'Each file has the line with the names of the columns, so that it can be opened alone: leave it out of all but the first when you join them.'
      : 'To join them, append one to the other.'
  } <code>npm run admin -- export ${what}</code> writes all of them as one file. If the page asks you to sign in again, go on with the next part.</p>
<div class="row"><a class="button quiet" href="${adminPaths.exports}">Back</a></div>`
  const title = what === 'people' ? 'Export of people' : `Export of usage, ${days === 1 ? 'today' : `${days} days`}`
  const lead = `${numbers.format(people)} people are ${parts.length} files: one file would not end in time.`
  return adminLayout(frame, { section: adminPaths.exports, title, lead }, content)
}

const numbers = new Intl.NumberFormat('en-US')
