import { OAuthError, PageError } from './errors.ts'
import type { Handler } from './options.ts'

/** The endpoints that need settings, secrets or the store. */
export type FlowEndpoints = Record<
  | 'register'
  | 'token'
  | 'par'
  | 'revoke'
  | 'introspect'
  | 'authorize'
  | 'approve'
  | 'callback'
  | 'confirm'
  | 'login'
  | 'sessionCallback'
  | 'mockAuthorize',
  Handler
>

/** The endpoints of a service that is not configured. Each answers 503 (F-000-39). */
export const unconfigured: FlowEndpoints = (() => {
  const api = () => {
    throw new OAuthError('temporarily_unavailable', 'the service is not configured')
  }
  const page = () => {
    throw new PageError('not-configured', 'temporarily_unavailable', 'the service is not configured')
  }
  return {
    register: api,
    token: api,
    par: api,
    revoke: api,
    introspect: api,
    authorize: page,
    approve: page,
    callback: page,
    confirm: page,
    login: page,
    sessionCallback: page,
    mockAuthorize: page,
  }
})()
