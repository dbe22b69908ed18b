import { isHost } from './host.ts'

/** Whether an entry of the setting is a host, or a host and a path. */
export function isTrustedEntry(entry: string): boolean {
  const slash = entry.indexOf('/')
  if (slash < 0) return isHost(entry)
  const url = URL.parse(`https://${entry}`)
  return isHost(entry.slice(0, slash)) && url?.href === `https://${entry}` && url.search === '' && url.hash === ''
}

/**
 * Whether the host of an entry can have one owner. `com` cannot, and neither can a domain below which anyone can get a name. The
 * short lists are kept by hand. They only catch mistakes, since an entry stands for exactly its host.
 */
export function hasOneOwner(entry: string): boolean {
  const [, name = ''] = /^(\[.*\]|[^/:]*)/.exec(entry) ?? []
  if (name === 'localhost' || name.startsWith('[')) return true
  return name.includes('.') && !publicSuffix.test(name) && !sharedHosts.has(name)
}

/** Such as `co.uk`. */
const publicSuffix = /^(?:ac|co|com|edu|gob|gouv|gov|go|gv|id|info|mil|ne|net|nom|or|org|sch)\.[a-z]{2}$/

/** Hosts below which anyone can get a name. */
const sharedHosts = new Set(
  `netlify.app vercel.app pages.dev workers.dev github.io gitlab.io web.app firebaseapp.com herokuapp.com onrender.com
  fly.dev deno.dev railway.app surge.sh azurewebsites.net azurestaticapps.net cloudapp.net cloudfront.net amazonaws.com
  elasticbeanstalk.com amplifyapp.com appspot.com run.app a.run.app blogspot.com repl.co replit.app glitch.me ngrok.io
  ngrok.app ngrok-free.app ngrok-free.dev trycloudflare.com loca.lt nip.io sslip.io`.split(/\s+/),
)
