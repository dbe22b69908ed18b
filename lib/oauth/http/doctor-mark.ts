/**
 * Whether the `User-Agent` of a request says that it is a check of this deployment (N33). Any program may say so. It gains nothing:
 * such a registration is counted apart and is as limited as any other, and only the steps before an approval go unrecorded.
 */
export const isDoctor = ({ headers }: Request): boolean => /^mcp-doctor/.test(headers.get('user-agent') ?? '')
