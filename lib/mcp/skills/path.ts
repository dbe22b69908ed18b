/** Where the skills of a host are found (Agent Skills Discovery 0.2.0). `netlify/functions/about.ts` repeats it as literals. */
export const skillsPath = '/.well-known/agent-skills/'
