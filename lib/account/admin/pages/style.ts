/** The rules that the admin pages add to those of every page. */
export const adminRules = `
:root{--one:#2f6db3;--two:#a8670b;--bad:#b3261e;--rail:#ece8e4;--danger:#b3261e}
@media(prefers-color-scheme:dark){:root{--one:#6ea8e6;--two:#e0a64c;--bad:#ff8a80;--rail:#35312e;--danger:#ff8a80}}
body{justify-content:flex-start;padding-top:1.5rem}
.brand,main,footer{max-width:68rem}
.brand{justify-content:flex-start}
main{padding:0 2rem 2rem}
h1{margin:1.5rem 0 .25rem;font-size:1.625rem}
h2{margin:2.25rem 0 .75rem;font-size:1.0625rem}
h3{margin:1.5rem 0 .5rem;font-size:.9375rem;font-weight:600}
.lead{margin:0 0 1rem;color:var(--muted);font-size:.9375rem;max-width:44rem}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;margin:0 -2rem;padding:.625rem 2rem;border-bottom:1px solid var(--line)}
.bar nav{flex:1 1 auto;min-width:0}
.bar ul{display:flex;flex-wrap:wrap;margin:0 0 0 -.5rem;font-size:.875rem}
.bar li{display:block;margin:0}
.bar a{display:block;padding:.5rem;border-radius:.5rem;color:var(--muted);text-decoration:none}
.bar a:hover{color:var(--text);text-decoration:underline}
.bar a[aria-current]{background:var(--inset);color:var(--text);font-weight:600}
.find{display:flex;gap:.375rem;flex:1 1 14rem;max-width:22rem;margin-left:auto}
.find input,.form input[type=text],.filter input,.filter select{flex:1;min-width:0;width:100%;min-height:2.75rem;padding:.5rem .75rem;border:1px solid var(--edge);
  border-radius:.625rem;background:var(--card);color:inherit;font:inherit;font-size:.9375rem}
.filter{display:flex;flex-wrap:wrap;gap:.5rem;margin:0 0 1rem}
.filter input{flex:1 1 14rem;max-width:22rem}
.filter select{flex:0 1 auto;width:auto}
.find button,.form button,.row button,.filter button{width:auto;min-height:2.75rem;padding:.375rem .875rem;border-color:var(--edge);font-size:.9375rem}
.row .button{width:auto;display:inline-block;min-height:2.75rem;padding:.5625rem .875rem;font-size:.9375rem}
button+button{margin-top:0}
.head{display:flex;flex-wrap:wrap;align-items:end;justify-content:space-between;gap:0 1.5rem}
.head>div{min-width:0;flex:1 1 20rem}
.days{display:flex;gap:0;margin:0 0 1rem;border:1px solid var(--edge);border-radius:.625rem;overflow:hidden;font-size:.875rem}
.days li{display:block;margin:0}
.days li+li{border-left:1px solid var(--edge)}
.days a{display:block;min-height:2.75rem;padding:.6875rem .8125rem;line-height:1.3125rem;text-decoration:none;color:var(--muted)}
.days a:hover{text-decoration:underline}
.days a[aria-current]{background:var(--text);color:var(--card);font-weight:600}
.days a:focus-visible{outline-offset:-4px}
.warn+.tiles{margin-top:1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:.5rem 0 0;border:0;background:none}
.tiles>div,.tiles>div+div{display:block;container-type:inline-size;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem;background:var(--inset)}
.tiles dt{width:auto;font-size:.8125rem}
.tiles dd{font-size:min(1.625rem,17cqi);line-height:1.3;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tiles dd small{display:block;color:var(--muted);font-size:.75rem;font-weight:400;letter-spacing:0;line-height:1.4}
.halves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 2rem}
.halves>*{min-width:0}
.plot{margin:1.75rem 0 0}
.plot figcaption{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;margin:0 0 .625rem;font-size:.9375rem}
.plot figcaption b{font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:0 .875rem;color:var(--muted);font-size:.8125rem}
.legend li{align-items:center;gap:.375rem;margin:0}
.legend .key{width:.875rem;height:.5rem;margin:0;border-radius:.125rem}
.canvas{display:grid;grid-template-columns:auto 1fr;gap:.25rem .5rem;font-size:.75rem;line-height:1rem;color:var(--muted);font-variant-numeric:tabular-nums}
.canvas svg{width:100%;height:12rem;overflow:visible}
.levels{display:flex;flex-direction:column;justify-content:space-between;margin:-.5rem 0;text-align:right}
.dates{grid-column:2;display:flex;justify-content:space-between}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.fill,.shade{stroke:none}
.shade{opacity:.14}
.fill.one,.shade.one{fill:var(--one)}
.fill.two,.shade.two{fill:var(--two)}
.fill.bad,.shade.bad{fill:var(--bad)}
.line.one{stroke:var(--one)}
.line.two{stroke:var(--two);stroke-dasharray:6 3}
.line.bad{stroke:var(--bad);stroke-dasharray:2 3}
.hint{fill:transparent;stroke:none}
.hint:hover{fill:var(--text);opacity:.08}
.plot details{display:block;margin:.375rem 0 0}
.plot .scroll{margin-top:.5rem}
.numbers thead th{white-space:normal}
.numbers tbody th{min-width:4rem}
.numbers tbody th,.numbers td{padding-top:.3125rem;padding-bottom:.3125rem}
.share{display:block;width:100%;min-width:3.5rem;height:.375rem;margin:.25rem 0 0;border-radius:.1875rem}
.rail{fill:var(--rail);stroke:none}
.scroll{overflow:auto;border:1px solid var(--line);border-radius:.75rem}
table{width:100%;border-collapse:collapse;font-size:.875rem;line-height:1.4;overflow-wrap:normal}
thead th{padding:.5rem .875rem;color:var(--muted);font-size:.75rem;font-weight:600;text-align:left;white-space:nowrap;background:var(--inset);border-bottom:1px solid var(--line)}
tbody th,td{padding:.625rem .875rem;text-align:left;vertical-align:top;font-weight:400}
tbody th{font-weight:500;min-width:9rem;overflow-wrap:anywhere}
tbody tr+tr>*{border-top:1px solid var(--line)}
th.number,td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td time{white-space:nowrap}
.breaks{overflow-wrap:anywhere}
td small,th small{display:block;color:var(--muted);font-size:.8125rem;font-weight:400}
td form{margin:0}
td button,td .button{display:inline-block;width:auto;min-height:2.75rem;padding:.5625rem .875rem;border-color:var(--edge);font-size:.875rem;white-space:nowrap;line-height:1.5}
table+.note,.scroll+.note,.empty+.note{margin-top:.75rem}
.bad-text{color:var(--danger)}
.chip{white-space:normal}
.more-rows{display:flex;gap:1rem;justify-content:space-between;margin:.75rem 0 0;font-size:.9375rem}
.more-rows a{padding:.5rem 0}
.row{display:flex;flex-wrap:wrap;gap:.625rem;margin:.75rem 0 0}
.form{display:grid;gap:.875rem;max-width:34rem;margin:0 0 .5rem}
.form label>span{display:block;margin:0 0 .25rem;font-size:.875rem;font-weight:600}
.form label small,.form legend small{display:block;color:var(--muted);font-weight:400}
.form fieldset{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0;padding:0;border:0}
.form legend{padding:0;margin:0 0 .25rem;font-size:.875rem;font-weight:600}
.form fieldset label{display:flex;align-items:center;gap:.5rem;min-height:2rem;font-size:.9375rem}
.form input[type=radio],.check input{flex:none;width:1.125rem;height:1.125rem;margin:0;accent-color:var(--button)}
.check{display:flex;align-items:center;gap:.625rem;cursor:pointer}
.form .danger,.row .danger{border-color:var(--danger);color:var(--danger)}
.facts{max-width:34rem}
.told{display:flex;align-items:center;gap:.5rem;margin:1rem 0;padding:.625rem .875rem;border-radius:.625rem;background:var(--inset);font-size:.9375rem}
.told svg{flex:none;width:1.125rem;height:1.125rem;color:var(--ok);stroke-width:2.5}
.empty{padding:1.25rem;border:1px dashed var(--edge);border-radius:.75rem;color:var(--muted);font-size:.9375rem;text-align:center}
.empty p{margin:0}
.steps li{display:grid;grid-template-columns:10rem 1fr 4rem;align-items:center;gap:.125rem .75rem;margin:0 0 .5rem}
.steps .share{margin:0;height:.75rem}
.steps b{text-align:right;font-weight:600;font-variant-numeric:tabular-nums}
.steps small{grid-column:2/4;color:var(--danger);font-size:.8125rem}
.funnel{padding:1rem 1.125rem;border:1px solid var(--line);border-radius:.75rem}
.funnel+.funnel{margin-top:.75rem}
.funnel h2{margin:0 0 .75rem;font-size:.9375rem}
.funnel>p{margin:.5rem 0 0;color:var(--muted);font-size:.875rem}
.story{margin:0;padding:0 0 0 .375rem;list-style:none;font-size:.9375rem}
.story li{display:block;position:relative;margin:0;padding:0 0 1rem 1.5rem;border-left:2px solid var(--line)}
.story li:last-child{border-color:transparent;padding-bottom:0}
.story li::before{content:"";position:absolute;left:-.4375rem;top:.3125rem;width:.75rem;height:.75rem;border-radius:50%;background:var(--ok)}
.story li.stop::before{background:var(--danger);border-radius:.125rem}
.story time{display:block;color:var(--muted);font-size:.8125rem;font-variant-numeric:tabular-nums}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;z-index:1;padding:.625rem 1rem;background:var(--card);border-radius:.5rem}
@media(max-width:54rem){
  .cards,.cards tbody,.cards tr,.cards th{display:block}
  .cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  .cards tbody tr{padding:.75rem .875rem}
  .cards tbody tr+tr{border-top:1px solid var(--line)}
  .cards tbody tr+tr>*{border-top:0}
  .cards tbody th{padding:0 0 .25rem;font-weight:600}
  .cards td,.cards td.number{display:flex;justify-content:space-between;gap:1rem;padding:.125rem 0;text-align:right;white-space:normal;overflow-wrap:anywhere}
  .cards td[data-title]::before{content:attr(data-title);flex:none;color:var(--muted);font-size:.8125rem}
  .cards td:not([data-title]){margin-top:.375rem}
  .cards td>div{min-width:0}
  .cards .share{width:9rem}}
@media(max-width:40rem){
  .bar{margin:0 -1.25rem;padding:.375rem 1.25rem}
  .bar nav{flex-basis:100%}
  .bar ul{font-size:.9375rem}
  .find{flex:1 1 100%;max-width:none}
  main{padding:0 1.25rem 1rem}
  h1{margin-top:1rem}
  .tiles{grid-template-columns:1fr 1fr;gap:.5rem}
  .tiles>div,.tiles>div+div{padding:.625rem .75rem}
  .tiles dd{font-size:min(1.375rem,17cqi)}
  .canvas svg{height:9rem}
  .numbers tbody th,.numbers td,.numbers thead th{padding-left:.5rem;padding-right:.5rem}
  .steps li{grid-template-columns:1fr auto}
  .steps .share{grid-column:1/3;grid-row:2}
  .steps small{grid-column:1/3}
  .days a{padding-left:.6875rem;padding-right:.6875rem}}
.others{margin:2rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line);font-size:.875rem}
@media print{.bar,.days,.row,.more-rows,.plot details{display:none}}
`
