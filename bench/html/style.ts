/** The page's style sheet: light, dark and on paper, from a telephone's width on. */
export const style = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2430; --faint: #5b6676; --lines: #d8dee7; --stripe: #f4f6f9;
  --series-1: #2563b0; --series-2: #d9772b; --series-3: #2f8f5b; --series-4: #8a4fb5; --series-5: #c23b57; --series-6: #1993a3; --series-7: #8c6d1f; --series-8: #6b7280; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e4e9f0; --faint: #9aa6b6; --lines: #2f3844; --stripe: #1a2028;
  --series-1: #6aa5ee; --series-2: #f0a35e; --series-3: #5fc48d; --series-4: #bd8be6; --series-5: #ee7f95; --series-6: #54c6d5; --series-7: #d2b25a; --series-8: #a3acb9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 58rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { margin-top: 2.5rem; font-size: 1.25rem; border-bottom: 1px solid var(--lines); }
a { color: var(--series-1); } nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; } dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; break-inside: avoid; } figcaption { font-weight: 600; margin-bottom: .4rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.2rem; margin: 0; padding: 0; list-style: none; font-size: .85rem; }
figure svg { display: block; width: 100%; height: auto; } .narrow { display: none; }
.table { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; font-size: .85rem; min-width: 100%; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; } th, td { padding: .2rem .55rem; text-align: left; white-space: nowrap; font-weight: 400; }
thead th { white-space: normal; vertical-align: bottom; color: var(--faint); border-bottom: 1px solid var(--lines); } tbody tr:nth-child(even) { background: var(--stripe); } th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
.abouts { font-size: .85rem; color: var(--faint); } .abouts dl { display: block; } .abouts dt { color: var(--ink); } .abouts dd { margin: 0 0 .4rem 1rem; }
@media (max-width: 600px) { body { padding: .75rem 1rem; } .wide { display: none; } .narrow { display: block; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } }
@media print { @page { margin: 14mm; } body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; } .wide { display: block; } .narrow { display: none; }
  .table { overflow: visible; } table { font-size: 7pt; } th, td { padding: .1rem .3rem; white-space: normal; } tr { break-inside: avoid; } h2 { break-after: avoid; } }
`;
