/**
 * The one static file, since Netlify asks for a folder to publish; pages are made by functions. A crawler has no business
 * in a sign-in.
 */
export const published = {
  path: '/robots.txt',
  text: 'User-agent: *\nDisallow: /oauth/\nDisallow: /authorize\nDisallow: /mcp/callback\n',
} as const
