export { createOriginRule } from '../cors.ts'
