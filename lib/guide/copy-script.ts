/** Where `copyScript` is served. */
export const copyScriptPath = '/mcp/copy.js'

/**
 * The script of the front page. It puts a button into each block that can be copied, so that there is no button where scripts do not
 * run. It is served as a file, since the page's policy allows no inline script.
 */
export const copyScript = `'use strict'
for (const block of document.querySelectorAll('[data-copy]')) {
  const text = block.innerText
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'copy'
  button.textContent = 'Copy'
  button.setAttribute('aria-live', 'polite')
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.trim())
      button.textContent = 'Copied'
    } catch {
      // Without a permission, the text is selected: one key copies it.
      getSelection().selectAllChildren(block)
      button.textContent = 'Selected'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
  block.after(button)
}
`
