import { log } from '../../lib/service/log.ts'
import { serve } from './serve.ts'
import { readServeSettings } from './settings.ts'

/**
 * Runs the service in this process until it is asked to stop. Then the process ends by itself: with exit code 0, or 1 if
 * requests had to be given up.
 *
 * @param asked resolves when the service is to stop
 * @throws Explained for settings of the container that are wrong
 */
export async function runUntil(
  asked: Promise<unknown>,
  artifact: { readonly directory: string; readonly manifestPath: string },
): Promise<never> {
  const settings = readServeSettings(process.env)
  // On the platform, the AWS runtime sets these two, and Netlify's bootstrap reads them.
  Object.assign(process.env, { AWS_REGION: 'us-east-2', LAMBDA_TASK_ROOT: artifact.directory })
  const service = await serve(artifact, settings)
  log('serving', { port: service.port, issuer: settings.issuer, scheduled: settings.scheduled })
  await asked
  log('stopping')
  const unfinished = await service.stop()
  log('stopped', { unfinished })
  process.exit(unfinished === 0 ? 0 : 1)
}
