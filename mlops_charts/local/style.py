"""The looks of the report of a run."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--ink:#1c2430;--dim:#667085;--line:#e3e7ee;--paper:#fff;--back:#f5f7fa;--good:#1a7f4b;--bad:#b42318;
--blue:#2f6fdb}@media(prefers-color-scheme:dark){:root{--ink:#e6eaf2;--dim:#98a2b3;--line:#2c3442;
--paper:#171c25;--back:#0f131a;--good:#4cc38a;--bad:#ff8f85;--blue:#7aa7ff}}*{box-sizing:border-box}body{
margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}main{max-width:1040px;
margin:0 auto;padding:28px 20px}header,section{background:var(--paper);border:1px solid var(--line);
border-radius:10px;padding:18px 22px;margin-bottom:16px}h1{font-size:26px;margin:0 0 4px}h1 span{
font-size:15px;vertical-align:middle;border:1px solid;border-radius:999px;padding:2px 10px;margin-left:8px}h2{
font-size:17px;margin:0 0 10px}h3{font-size:14px;margin:14px 0 4px}p{margin:4px 0}.why{font-size:16px}.good{
color:var(--good)}.bad{color:var(--bad)}.quiet,.reused,header>p{color:var(--dim)}.cards{display:flex;
flex-wrap:wrap;gap:10px 34px;margin:14px 0 0}.cards div{min-width:90px}dt{color:var(--dim);font-size:13px}dd{
margin:0;font-size:19px;font-weight:600}table{border-collapse:collapse;width:100%}th{text-align:left;
color:var(--dim);font-weight:500;font-size:13px}th,td{padding:4px 14px 4px 0;
border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}tr:last-child td{
border-bottom:0}td:first-child{white-space:nowrap}.time td{white-space:nowrap}.time td:last-child{
white-space:normal;width:36%}.time .line{width:36%}.line b{display:block;position:relative;height:14px;
margin-top:4px;background:var(--back);border-radius:4px}.line i{position:absolute;top:0;height:14px;
border-radius:4px;background:var(--dim)}.line i.good{background:var(--blue)}.line i.bad{background:var(--bad)}
.line i.reused{opacity:.35}.inner td:first-child{padding-left:16px;color:var(--dim)}pre{
background:var(--back);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow-x:auto;
font-size:13px}code{font-size:13px;overflow-wrap:anywhere}
.pairs td:first-child{width:190px}section{overflow-x:auto}a{color:var(--blue)}
""".strip().replace("\n", "")
