"""The style sheet of a review's page, for light and dark mode."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--line:#d9dee5;--soft:#f5f7fa;--text:#1b2430;--sub:#5b6675;
--critical:#8f1239;--high:#c2410c;--medium:#a16207;--low:#1d6f5c;--info:#475569;
--unknown:#6b7280;--waived:#6d28d9;--back:#fff}
@media(prefers-color-scheme:dark){:root{--line:#333c48;--soft:#1b222b;--text:#e6eaf0;--sub:#9aa5b3;
--critical:#fb7185;--high:#fb923c;--medium:#facc15;--low:#5eead4;--info:#94a3b8;
--unknown:#9ca3af;--waived:#c4b5fd;--back:#12171d}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:27px;margin:0}h2{font-size:19px;margin:36px 0 8px}
p{margin:6px 0}.sub,footer{color:var(--sub)}footer{margin-top:40px;font-size:13px}
.notes{margin:18px 0;padding:12px 16px 12px 34px;border-left:4px solid var(--high);
background:var(--soft);border-radius:0 6px 6px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(110px,1fr));gap:10px;margin:22px 0}
.tile{border:1px solid var(--line);border-top:4px solid currentColor;border-radius:6px;
padding:10px 14px;background:var(--soft)}
.tile b{display:block;font-size:25px;font-variant-numeric:tabular-nums;color:var(--text)}
.tile span{font-size:13px}
.critical{color:var(--critical)}.high{color:var(--high)}.medium{color:var(--medium)}
.low{color:var(--low)}.info{color:var(--info)}.unknown{color:var(--unknown)}
.waived{color:var(--waived)}.folded,.none{color:var(--sub)}
table{border-collapse:collapse;width:100%;margin:10px 0;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:6px 10px;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
th{font-weight:600;color:var(--sub);font-size:13px}.n{text-align:right;
font-variant-numeric:tabular-nums}
td{min-width:70px}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--sub)}
details{border:1px solid var(--line);border-radius:6px;margin:8px 0;padding:0 16px}
details[open]{padding-bottom:10px}
summary{cursor:pointer;padding:10px 0;display:flex;gap:10px;align-items:baseline;font-weight:600}
summary code{margin-left:auto;font-weight:400}
.count{color:var(--sub);font-weight:400;font-variant-numeric:tabular-nums}
.mark{font-size:12px;font-weight:700;text-transform:uppercase;letter-spacing:.04em;min-width:66px;
display:inline-block}
@media print{tr,summary{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}}
"""
