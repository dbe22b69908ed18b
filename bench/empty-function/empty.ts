/** A function that does nothing: what is measured of ours is measured beyond it. */
export default () => new Response('empty')

export const config = { path: '/empty' }
