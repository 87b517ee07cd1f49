"""The page's style sheet, which is part of the page, and the policy that allows it and nothing else."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--edge:#dfe3e8;--text:#1b2430;--quiet:#5a6675;
--good:#18794e;--caution:#8f5400;--bad:#c4242b;--link:#1f5fbf;--line:#6b7c93;--area:#6b7c9322;--row:#f0f2f5}
@media(prefers-color-scheme:dark){:root{--back:#12161c;--card:#1a2028;--edge:#2c3540;--text:#e4e9ef;--quiet:#9aa7b5;
--good:#4cc38a;--caution:#f0b429;--bad:#ff8080;--link:#85b5ff;--line:#8b9cb3;--area:#8b9cb326;--row:#222a34}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.25rem 1rem 2rem;background:var(--back);color:var(--text);
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
a{color:var(--link);text-underline-offset:.15em}
header{display:flex;flex-wrap:wrap;gap:.35rem 1rem;align-items:center;margin-bottom:1rem}
h1{font-size:1.45rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h1 small{font-weight:400;font-size:1rem;color:var(--quiet);margin-left:.4rem}
header p{margin:0;color:var(--quiet);flex-basis:100%}
header .state{display:inline-flex;align-items:center;gap:.45rem;font-weight:600;flex-basis:auto;
border:1px solid currentColor;border-radius:999px;padding:.1rem .7rem .1rem .6rem}
.state::before{content:"";width:.55rem;height:.55rem;border-radius:50%;background:currentColor}
nav{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin-left:auto}
nav a[aria-current]{color:var(--text);font-weight:600;text-decoration:none}
section,.tiles.prominent>div{background:var(--card);border:1px solid var(--edge);border-radius:.6rem}
section{padding:.85rem 1rem 1rem;margin-top:1rem;min-width:0}
h2{font-size:1rem;margin:0 0 .6rem}
h2 small{font-weight:400;color:var(--quiet);margin-left:.5rem;font-size:.9rem}
.pair{display:grid;gap:0 1rem;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr))}
.tiles{display:grid;gap:.75rem 1rem;margin:0;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))}
.tiles div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.tiles dt{color:var(--quiet);font-size:.88rem;line-height:1.3}
.tiles dt::first-letter{text-transform:uppercase}
.tiles dt small{display:block;font-size:.82rem}
.tiles dd{margin:0;display:flex;align-items:center;justify-content:space-between;gap:.5rem}
.tiles b{font-size:1.1rem;white-space:nowrap}
.tiles.prominent{grid-template-columns:repeat(auto-fit,minmax(11.5rem,1fr));gap:1rem}
.tiles.prominent>div{padding:.75rem 1rem}
.tiles.prominent b{font-size:1.6rem;line-height:1.25}
.table{overflow-x:auto;margin:0 -1rem;padding:0 1rem}
.table+.table,.rest+.table{margin-top:.9rem}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;padding:.28rem .55rem;white-space:nowrap;font-weight:400}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--quiet);font-size:.82rem;border-bottom:1px solid var(--edge)}
tbody tr+tr>*{border-top:1px solid var(--row)}
tbody th{font-weight:500;max-width:24rem;overflow:hidden;text-overflow:ellipsis}
th.part{padding-left:1rem!important;font-weight:400}
.number{text-align:right}
td.long{white-space:normal;max-width:14rem;min-width:8.5rem}
.rest{color:var(--quiet);font-size:.88rem;margin:.5rem 0 0}
.muted{color:var(--quiet)}.good{color:var(--good)}.caution{color:var(--caution)}.bad{color:var(--bad)}
td.bad,td.caution{font-weight:600}
.trend{flex:none;vertical-align:-.3em;margin-right:.5rem;overflow:visible}
.tiles .trend{margin:0}
.trend .line{fill:none;stroke:var(--line);stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}
.trend .area{fill:var(--area)}
ul{margin:.4rem 0 0;padding-left:1.1rem}
li{overflow-wrap:anywhere}
li+li{margin-top:.2rem}
section>p{margin:0}
footer{margin-top:1.4rem;color:var(--quiet);font-size:.88rem;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
@media(max-width:40rem){body{padding:.9rem .75rem 1.5rem}nav{margin-left:0;flex-basis:100%}
.tiles.prominent{grid-template-columns:1fr 1fr;gap:.6rem}.tiles.prominent>div{padding:.6rem .75rem}
.tiles.prominent .trend{display:none}.tiles.prominent b{font-size:1.35rem}
.spare,td .trend{display:none}td.long{min-width:0}
tbody th{max-width:13rem;min-width:8rem;white-space:normal;overflow-wrap:anywhere}
h2 small{display:block;margin:.1rem 0 0}}
@media print{body{max-width:none;background:none;font-size:11px}nav,footer{display:none}
section,.tiles.prominent>div{break-inside:avoid;border-color:#ccc}.table{overflow:visible}}
"""

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page's ``Content-Security-Policy``: no script, nothing from elsewhere, no style but this one."""
