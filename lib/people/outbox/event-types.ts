/** The events that a CRM is told about. */
export const eventTypes = ['person.first_seen', 'person.company_changed', 'company.weekly_summary'] as const
export type EventType = (typeof eventTypes)[number]
