import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import { hidden } from '../../pages/account.ts'
import type { ExportName } from '../actions.ts'
import { adminPaths, exportParts, ranges } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'

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
<fieldset><legend>Part<small>With very many people, a file would not end within a minute. Then download usage and people part by part.</small></legend><div class="filter"><select name="part" aria-label="Part"><option value="">All of it</option>${exportParts.map((part) => html`<option value="${part + 1}">Part ${part + 1} of ${exportParts.length}</option>`)}</select></div></fieldset>
<div class="row"><button class="primary">Download</button></div></form>
<p class="note">Each export is in the audit log. In CSV, a cell that a spreadsheet could take for a formula begins with an apostrophe.</p>`
  const lead = 'The numbers behind the pages, as a file.'
  return adminLayout(frame, { section: adminPaths.exports, title: 'Exports', lead }, content)
}
