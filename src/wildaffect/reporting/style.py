"""The style of the HTML page: light and dark, narrow and wide, on screen and paper."""

STYLE = """
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1b2330;
  --soft: #5a6678; --line: #dde1e7; --track: #e9ecf1; --accent: #2563a8; --on: #ffffff;
  --truth: #1b2330; --guess: #d9730d; --warn: #8a5a00; --warn-back: #fdf6e3;
  --bad: #b3261e; --bad-back: #fdeeec; --good: #1d7a46; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --card: #1a2029;
  --ink: #e6e9ee; --soft: #9aa6b6; --line: #303946; --track: #262e39; --accent: #6ba8e8;
  --on: #0d1218; --truth: #e6e9ee; --guess: #ff9d4d; --warn: #f0c060; --warn-back: #2c2614;
  --bad: #ff8a80; --bad-back: #331b19; --good: #6fcf97; } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
h3 { font-size: .95rem; margin: 0 0 .4rem } h3 small { font-weight: 400 }
p { margin: .3rem 0 } small, .soft { color: var(--soft) }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere }
.head { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-end;
  margin-top: 1.2rem }
.big b { display: block; font-size: 2.6rem; line-height: 1.1; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums }
.big.minor b { font-size: 1.7rem }
.note { border-left: 4px solid var(--line); background: var(--card); padding: .5rem .9rem;
  margin: .6rem 0 } .note.warn { border-color: var(--warn); background: var(--warn-back) }
.note.bad { border-color: var(--bad); background: var(--bad-back) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem } .wide { overflow-x: auto }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit,
  minmax(min(100%, 14rem), 1fr)) } .grid.two { grid-template-columns: repeat(auto-fit,
  minmax(min(100%, 24rem), 1fr)) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .28rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap } th { color: var(--soft); font-weight: 600; font-size: .85rem }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
.snug table { width: auto; min-width: 50% }
tr:last-child td { border-bottom: 0 } tr.strong td { font-weight: 700 }
td.plot { width: 34%; min-width: 8rem } td.good { color: var(--good); font-weight: 600 }
td.bad { color: var(--bad); font-weight: 600 }
.labels { display: grid; grid-template-columns: max-content minmax(5rem, 1fr) max-content
  max-content; gap: .1rem .8rem; align-items: center; font-variant-numeric: tabular-nums }
.labels > :nth-child(4n+3), .labels > :nth-child(4n+4) { text-align: right }
svg { display: block } svg text { fill: var(--ink); font-size: 12px }
svg .small { font-size: 10px; fill: var(--soft) } svg .mid { text-anchor: middle }
svg .end { text-anchor: end } svg text.on { fill: var(--on) }
.matrix text.small.off { fill: var(--ink); fill-opacity: .8 }
.bars { overflow: visible } .track { fill: var(--track) } .bar { fill: var(--accent) }
.whisker { stroke: var(--ink); stroke-width: 1.5 } .cell { fill: var(--accent) }
.zero { stroke: var(--soft); stroke-dasharray: 2 3 }
.span { stroke: var(--accent); stroke-width: 3 } .dot { fill: var(--accent) }
.guide { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4;
  vector-effect: non-scaling-stroke } .density { width: 100%; max-width: 20rem }
.trace { width: 100%; height: 8rem; background: var(--track); border-radius: 4px }
.trace path { fill: none; stroke-width: 1.6; stroke-linejoin: round;
  vector-effect: non-scaling-stroke } .truth { stroke: var(--truth) }
.guess { stroke: var(--guess) } .axis { display: flex; justify-content: space-between;
  color: var(--soft); font-size: .8rem } .key { display: inline-block; width: 1.4rem;
  height: 0; border-top: 3px solid; vertical-align: middle; margin: 0 .35rem 0 .9rem }
.key.truth { border-color: var(--truth) } .key.guess { border-color: var(--guess) }
details { margin-top: .6rem } summary { cursor: pointer; color: var(--accent) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere; min-width: 0 }
@media (max-width: 34rem) { .labels { grid-template-columns: max-content
  minmax(3rem, 1fr) max-content } .labels > .extra { display: none }
  .labels > * { text-align: left !important } dl { grid-template-columns: 1fr }
  dt { margin-top: .4rem } td.plot { min-width: 6rem }
  table { font-size: .85rem } th, td { padding: .28rem .35rem }
  td:first-child { white-space: normal; min-width: 5.5rem } }
@media print { body { max-width: none } .card { break-inside: avoid } }
"""
