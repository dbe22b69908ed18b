// `npm start`. JavaScript, so that a Node too old to run TypeScript still gets to say so.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `Node 24 or newer is needed; this is ${process.version}. Run "npm ci" and "npm start", which bring one.`,
  )
  process.exitCode = 1
} else {
  await import('./main.ts')
}
