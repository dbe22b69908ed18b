import type { Markup } from '../../../pages/markup.ts'
import type { DayCounts } from '../../../people/reports/reports.ts'
import { barPlot } from './plots.ts'

/** Draws the calls of each day, by how they ended. */
export const callsPlot = (days: readonly DayCounts[]): Markup =>
  barPlot({
    title: 'Calls of tools',
    days: days.map(({ day }) => day),
    series: [
      { name: 'Answered', look: 'one', values: days.map((day) => day.calls - othersOf(day) - day.failed) },
      { name: 'Refused or cancelled', look: 'two', values: days.map(othersOf) },
      { name: 'Failed', look: 'bad', values: days.map(({ failed }) => failed) },
    ],
  })

const othersOf = ({ refused, cancelled }: DayCounts) => refused + cancelled
