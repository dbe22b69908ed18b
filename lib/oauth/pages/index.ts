/** The pages that a person sees: pure functions from data to HTML, and the answer that carries one. */

export { type Brand, defaultBrand } from '../../pages/brand.ts'
export { htmlResponse, pageHeaders } from '../../pages/html-response.ts'
export type { Page } from '../../pages/layout.ts'
export { type ConfirmPageInput, confirmPage } from './confirm.ts'
export { type ConsentPageInput, consentPage } from './consent.ts'
export { displayName } from './display-name.ts'
export { type ErrorPageInput, errorPage } from './error.ts'
export { type ErrorKind, errorKinds } from './error-texts.ts'
export { type ReturnPageInput, returnPage } from './return.ts'
