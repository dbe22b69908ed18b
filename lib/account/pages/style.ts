/** The rules that the account pages add to those of every page. */
export const accountRules = `
.who{margin:0 0 .25rem;padding:.75rem .875rem;border:1px solid var(--line);border-radius:.75rem;background:var(--inset);
  font-size:.9375rem;line-height:1.4;color:var(--muted)}
.who b{font-size:1rem;font-weight:600;color:var(--text)}
.told{display:flex;align-items:center;gap:.5rem;margin:0 0 1.25rem;padding:.625rem .875rem;border-radius:.625rem;
  background:var(--inset);font-size:.9375rem}
.told svg{flex:none;width:1.125rem;height:1.125rem;color:var(--ok);stroke-width:2.5}
.connections{border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
.connections li>div{flex:1;min-width:0}
.connections li{align-items:center;gap:1rem;margin:0;padding:.875rem}
.connections li+li{border-top:1px solid var(--line)}
.connections b{display:block;font-size:1rem;font-weight:600;line-height:1.35}
.connections .chip{font-weight:400}
.connections p{margin:.125rem 0 0;color:var(--muted);font-size:.8125rem}
.connections form{flex:none;margin:0}
.connections button{width:auto;min-height:2.75rem;padding:.5rem .875rem;border-color:var(--edge);font-size:.875rem}
.empty{padding:1.25rem;border:1px dashed var(--edge);border-radius:.75rem;color:var(--muted);font-size:.9375rem;text-align:center}
.empty p{margin:0}
.more{display:block;margin:.75rem 0 0}
.more summary{min-height:1.75rem;line-height:1.75rem;text-decoration:underline;text-underline-offset:.15em}
.more[open]{margin:.75rem 0 0}
.danger{border-color:var(--danger);color:var(--danger)}
:root{--danger:#b3261e}
@media(prefers-color-scheme:dark){:root{--danger:#ff8a80}}
.links a{display:block;padding:.625rem 0;border-top:1px solid var(--line);font-size:.9375rem}
.links li{display:block;margin:0}
.links li:first-child a{border-top:0}
.check{display:flex;align-items:baseline;gap:.625rem;margin:1rem 0;cursor:pointer}
.check input{flex:none;width:1.125rem;height:1.125rem;margin:0;accent-color:var(--button);transform:translateY(.15rem)}
.out{margin:1.5rem 0 0;padding:1.25rem 0 0;border-top:1px solid var(--line)}
@media(max-width:22rem){
  .connections li{flex-wrap:wrap;gap:.625rem}
  .connections li>div{flex-basis:100%}
  .connections form,.connections button{width:100%}}
`
