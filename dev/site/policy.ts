/** What the pages of the documentation site may load. `netlify.toml` sends it. The search is WebAssembly, and the pictures are frames. */
export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: https://www.netlify.com; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
