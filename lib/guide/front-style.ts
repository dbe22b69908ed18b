/** What the front page has beside the style of every page: it is wider, and has buttons, commands and parts that open. */
export const frontRules = `
.brand,main,footer{max-width:46rem}
main{padding:2.5rem}
h1{font-size:2rem}
h2{margin:2.25rem 0 .75rem;font-size:1.125rem}
.lines{position:relative;margin:0 0 .75rem}
.lines pre{margin:0;min-height:3.5rem;padding:1rem;border:1px solid var(--line);border-radius:.625rem;background:var(--inset);overflow-wrap:anywhere}
.lines:has(.copy) pre{padding-right:6.25rem}
.copy{position:absolute;top:.375rem;right:.375rem;width:auto;min-height:2.75rem;margin:0;padding:.4375rem .875rem;border-color:var(--edge);
  border-radius:.4375rem;background:var(--card);font-size:.8125rem}
.apps{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;margin:1rem 0 1.25rem}
.commands{border:0;background:none}
.commands>div,.commands>div+div{display:block;padding:0;border:0}
.commands dt{width:auto;margin:0 0 .25rem;font-size:.8125rem}
.more{display:block;margin:0;border-top:1px solid var(--line)}
.more:last-of-type{border-bottom:1px solid var(--line)}
.more>summary{width:auto;padding:.75rem .25rem;color:var(--text);font-size:.9375rem;font-weight:600}
.more>div{padding:0 .25rem .75rem}
.more .more>summary{padding:.5rem .25rem;font-weight:500}
.ways{font-size:.9375rem}
@media(max-width:30rem){.lines:has(.copy) pre{padding:.75rem .75rem 3.5rem}.copy{top:auto;bottom:.375rem}main{padding:0 1.25rem}h1{font-size:1.5rem}h2{margin:1.5rem 0 .5rem}}
`
