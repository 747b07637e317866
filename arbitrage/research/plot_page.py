"""The page around the charts: its style, and the script that shows values under the pointer.

`$SECTIONS` and `$DATA` are filled in by `plot`. Nothing is loaded from anywhere.
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>arb scan</title>
<style>
:root { --ink: #1b1f24; --soft: #656d76; --rule: #e4e7eb; --zero: #9aa2ab; --paper: #ffffff;
  --ab: #1f6feb; --ba: #d9620b; --even: #2f8f4e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #9aa4af; --rule: #2b3138; --zero: #667079; --paper: #14181d;
    --ab: #5a9bff; --ba: #ff9d4d; --even: #56c07b; } }
body { margin: 0 auto; max-width: 1240px; padding: 24px 20px 40px; background: var(--paper);
  color: var(--ink); font: 14px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
section { margin-bottom: 48px; }
h1 { font-size: 20px; font-weight: 600; margin: 0; }
.sub { color: var(--soft); margin: 2px 0 10px; }
.legend { margin: 0 0 4px; }
.key { display: inline-block; margin-right: 22px; }
.key::before { content: ""; display: inline-block; width: 18px; height: 0; margin-right: 7px;
  vertical-align: middle; border-top: 3px solid currentColor; }
.key.ab::before { border-color: var(--ab); }
.key.ba::before { border-color: var(--ba); }
.key.breakeven::before { border-top: 2px dashed var(--even); }
.key.dot::before { width: 7px; height: 7px; border: 0; border-radius: 50%; background: var(--ba);
  box-shadow: 9px 0 0 var(--ab); margin-right: 16px; }
.chart { position: relative; }
svg { display: block; width: 100%; height: auto; }
svg path { fill: none; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg text.x, svg text.title { text-anchor: middle; }
svg text.y { text-anchor: end; }
.grid { stroke: var(--rule); }
.zero { stroke: var(--zero); }
.breakeven { stroke: var(--even); stroke-width: 1.5; stroke-dasharray: 6 4; }
.line { stroke-width: 1.1; stroke-linejoin: round; opacity: .8; }
.dots { stroke-width: 4.5; stroke-linecap: round; }
path.ab { stroke: var(--ab); }
path.ba { stroke: var(--ba); }
.cursor { stroke: var(--soft); stroke-dasharray: 2 2; }
.tip { position: absolute; top: 12px; padding: 6px 10px; pointer-events: none; font-size: 12.5px;
  background: var(--paper); border: 1px solid var(--zero); border-radius: 6px; white-space: pre;
  box-shadow: 0 2px 8px #0002; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; margin: 14px 0 6px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 0 3px 28px; text-align: right; border-bottom: 1px solid var(--rule); }
th { padding-left: 0; text-align: left; font-weight: 400; color: var(--soft); }
tr:first-child td { font-weight: 600; }
.empty { color: var(--soft); padding: 60px 0; text-align: center; }
</style>
</head>
<body>
$SECTIONS
<script>
"use strict";
const DATA = $DATA;
document.querySelectorAll("section").forEach((section, index) => {
  const svg = section.querySelector("svg"), data = DATA[index];
  if (!svg || !data.rows.length) return;
  const tip = section.querySelector(".tip"), cursor = svg.querySelector(".cursor");
  const text = (name, low, high, count, profit) => low === null ? "" :
    "\\n" + name + ":  " + (low === high ? low.toFixed(2)
      : low.toFixed(2) + " to " + high.toFixed(2)) + " bps" +
    (count ? "\\n    " + count + (count > 1 ? " opportunities" : " opportunity") + ", best " +
      profit.toLocaleString("en") + " " + data.quote : "");
  const nearest = bucket => {
    let low = 0, high = data.rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.rows[middle][0] < bucket) low = middle + 1; else high = middle;
    }
    const before = data.rows[Math.max(0, low - 1)], after = data.rows[low];
    return bucket - before[0] < after[0] - bucket ? before : after;
  };
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect(), unit = data.width / box.width;
    const span = data.right - data.left;
    const at = ((event.clientX - box.left) * unit - data.left) / span * data.buckets;
    const row = nearest(Math.floor(at));
    const x = data.left + (row[0] + 0.5) / data.buckets * span;
    cursor.setAttribute("transform", "translate(" + x + ")");
    cursor.setAttribute("visibility", "visible");
    tip.textContent = new Date(row[1]).toISOString().slice(0, 19).replace("T", " ") + " UTC" +
      text(data.names[0], ...row.slice(2, 6)) + text(data.names[1], ...row.slice(6, 10));
    tip.hidden = false;
    const left = x / unit;
    tip.style.left = left + (left > box.width / 2 ? -tip.offsetWidth - 14 : 14) + "px";
  });
  svg.addEventListener("pointerleave", () => {
    tip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  });
});
</script>
</body>
</html>
"""
