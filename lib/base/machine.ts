/** Prefix of the ids of machines. No id of a person begins like this (N6). */
export const machinePrefix = 'm_'

/** Whether an id is that of a machine: a program that acts for itself. */
export const isMachine = (sub: string): boolean => sub.startsWith(machinePrefix)
