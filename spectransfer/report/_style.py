"""How the page looks: dark on light, from the width of a phone to that of a desk."""

STYLE = """
:root { color-scheme: light; --ink: #1d2126; --quiet: #59626d; --line: #d6dbe0;
  --accent: #005a8c; --shade: #f3f6f8; --marked: #fdf3e1; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", Roboto,
    "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
footer { padding-bottom: 3rem; color: var(--quiet); font-size: .875rem; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.4rem); margin: 0 0 .75rem; }
h2 { font-size: 1.5rem; margin: 3.25rem 0 .75rem; padding-top: .9rem;
  border-top: 2px solid var(--line); }
h3 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
p, ul { max-width: 44rem; margin: 0 0 1rem; }
.lead { font-size: 1.15rem; color: #363d45; }
a { color: var(--accent); }
nav { margin: 1.5rem 0 0; padding: .9rem 1.25rem; background: var(--shade);
  border-radius: .5rem; }
nav strong { display: block; margin-bottom: .25rem; }
nav ol { margin: 0; padding-left: 1.4rem; columns: 20rem; }
nav li { break-inside: avoid; }
figure { margin: 1.75rem 0; }
figcaption { max-width: 44rem; font-size: .925rem; color: var(--quiet);
  margin-top: .5rem; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); }
img { display: block; width: 100%; height: auto; }
.panels { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.panels img, .single img { max-width: var(--natural); }
.single img + img { margin-top: .75rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem;
  max-width: max-content; }
.scroll:focus-visible { outline: 3px solid var(--accent); }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
.table > figcaption { margin: 0 0 .5rem; }
.table > .note { color: var(--quiet); margin: .5rem 0 0; }
th, td { padding: .4rem .8rem; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--shade); border-bottom: 2px solid var(--line);
  font-weight: 600; }
tbody th { font-weight: 500; background: #fff; }
tbody tr:last-child > * { border-bottom: 0; }
tr.marked > * { background: var(--marked); }
tr.again > :first-child { color: var(--quiet); }
td.long { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
tr > :first-child { position: sticky; left: 0;
  box-shadow: inset -1px 0 0 var(--line); }
@media (max-width: 36rem) {
  header, main, footer { padding-left: .9rem; padding-right: .9rem; }
  body { font-size: 1rem; }
  th, td { padding: .35rem .55rem; }
  tr > :first-child { min-width: 6.5rem; max-width: 42vw; white-space: normal; }
}
@media print { nav { display: none; } h2 { break-after: avoid; }
  figure { break-inside: avoid; } .scroll { border: 0; } }
"""
