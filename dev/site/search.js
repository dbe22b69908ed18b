// Draws the search of Pagefind where scripts run. Its index and its own script lie beside this file.
addEventListener('DOMContentLoaded', () => {
  const place = document.getElementById('search')
  place.textContent = ''
  new PagefindUI({
    element: place,
    showImages: false,
    showSubResults: true,
    resetStyles: false,
    bundlePath: `${place.dataset.base}pagefind/`,
  })
  place.querySelector('input').setAttribute('aria-label', 'Search the documentation')
  // `/` moves to the search, as on other sites of documentation.
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input, textarea, select')) return
    event.preventDefault()
    place.querySelector('input').focus()
  })
})
