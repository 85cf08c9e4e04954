"""The inspection lists as one printable page: Japanese first, English beside it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from html import escape

from data.assets import AssetKind
from data.operation import Event
from data.record import Instant, record
from data.words import D0_WORDS, DRILL_WORDS
from geo.shaking import shaking_notes
from pipelines.hazard_words import NO_PLACE

JST = timezone(timedelta(hours=9))
PAGE_ROWS, LEAST_PAGE_ROWS = 50, 10
"""Rows of a kind on the page: those in the plan, filled up to the lesser number from
below the trigger; plan.csv holds them all."""
Row = Mapping[str, object]

KIND_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    AssetKind.DAM: ("ダム", "Dams", "点検期限、次に揺れの順", "by clock, then shaking"),
    AssetKind.BRIDGE: (
        "橋",
        "Bridges",
        "重大以上の確率×重要度の順",
        "by chance of severe or worse x importance",
    ),
    AssetKind.SUBSTATION: (
        "変電所",
        "Substations",
        "重大以上の確率×重要度の順",
        "by chance of severe or worse x importance",
    ),
    AssetKind.LINK: (
        "送電線",
        "Power lines",
        "最寄り区間の揺れ×電圧の順(状態は推定しない)",
        "by shaking where nearest x voltage (no state is guessed)",
    ),
    AssetKind.TOWER: (
        "鉄塔",
        "Towers",
        "参考の確率×重要度、次に揺れの順",
        "by reference chance x importance, then shaking",
    ),
    AssetKind.SPAN: (
        "電線(径間)",
        "Spans",
        "参考の確率×重要度、次に揺れの順",
        "by reference chance x importance, then shaking",
    ),
}
HEADERS = (
    ("順位", "rank"),
    ("名称・ID・位置", "name, id, place"),
    ("推定 / 観測", "expected / seen"),
    ("重大以上の確率", "chance of severe or worse"),
    ("揺れ(中央値)", "shaking (median)"),
    ("震央から", "from epicentre"),
    ("点検期限", "inspection due"),
    ("理由", "reasons"),
    ("", "reasons in English"),
)
NO_PICTURE = (
    "震源と規模だけから計算した推定・未確認。写真も現地確認もまだない。",
    "Expected, not confirmed: from hypocentre and magnitude, no picture, no visit.",
)
WITH_PICTURES = (
    "震源と規模による推定に、これまでに判読した写真を加えた確率。",
    "Chances from hypocentre and magnitude, and from the pictures read so far.",
)
LIMITS = (
    (
        "地盤は一律、観測震度による補正はまだない。",
        "Uniform ground, not yet corrected by observed intensities.",
    ),
    (
        "個々の地点の揺れは中央値の半分以下にも2倍以上にもなりうる。",
        "At a single place shaking may be under half or over twice the median.",
    ),
    (
        "橋と変電所の被害曲線は米国のもの。",
        "The damage curves of bridges and substations are American.",
    ),
    (
        "ダムと送電線には公開の被害曲線がなく、状態は推定しない。",
        "Dams and power lines have no open damage curve: no state is guessed.",
    ),
    (
        "表にないことは無被害を意味しない。",
        "Not being listed does not mean undamaged.",
    ),
)
SOURCES = (
    ("震源・震度:気象庁", "Hypocentre and intensities: Japan Meteorological Agency"),
    (
        "揺れ:森川・藤原(2013)、断層長 宇津",
        "Shaking: Morikawa and Fujiwara (2013); fault length Utsu",
    ),
    ("被害曲線:Hazus 5.1 (FEMA)", "Damage curves: Hazus 5.1 (FEMA)"),
)
STYLE = """
*{box-sizing:border-box}
body{font:14px/1.5 "Noto Sans CJK JP","Hiragino Sans","Yu Gothic",Meiryo,sans-serif;
margin:0 auto;max-width:1280px;padding:0 20px 40px;color:#1a1a1a;background:#fff}
header{border-bottom:2px solid #1a1a1a;padding:16px 0 12px;margin-bottom:8px}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:28px 0 2px}
.en{color:#555;font-size:12px}.mode{display:inline-block;font-weight:700;
border:2px solid #1a1a1a;padding:2px 12px;margin-right:10px}
.drill{border-style:dashed;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:10px 0 0}
dt{color:#555}dd{margin:0}
#age{display:none;background:#c8c8cb;padding:6px 12px;margin:8px 0;font-weight:700}
table{border-collapse:collapse;width:100%;margin-top:6px}
th,td{text-align:left;vertical-align:top;padding:5px 8px;border-bottom:1px solid #ddd}
th{font-size:12px;border-bottom:1px solid #1a1a1a;line-height:1.3}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.r{font-size:12px;line-height:1.4;min-width:230px}
tr.below td{color:#666}
.e{display:inline-block;border:2px solid #c8c8cb;border-radius:3px;padding:0 6px;
font-weight:700;background:#fff;white-space:nowrap}
.E1{border-color:#f2e700}.E2{border-color:#ff9900}.E3{border-color:#ff2800}
.E4{border-color:#aa00aa}
.w,td .en{white-space:nowrap}td.r.en{white-space:normal}
.scroll{overflow-x:auto}ul{margin:4px 0;padding-left:20px}
footer{margin-top:32px;border-top:2px solid #1a1a1a;padding-top:8px}
@page{size:A4 landscape;margin:12mm 10mm 14mm;@bottom-right{font-size:9px;
content:counter(page) " / " counter(pages)}@bottom-left{font-size:9px;
content:"RUNNING"}}
@media print{body{max-width:none;padding:0;font-size:11px}tr{break-inside:avoid}
thead{display:table-header-group}.scroll{overflow:visible}td.r{font-size:9px;min-width:0}}
"""
AGE = """
(function(){var s=Date.parse("AS_OF"),b=document.getElementById("age");
function f(){var m=Math.floor((Date.now()-s)/60000);if(m>30){b.style.display="block";
var h=Math.floor(m/60),d=Math.floor(h/24);
var t=d>1?d+" 日 (days)":h>1?h+" 時間 (hours)":m+" 分 (minutes)";
b.textContent="この表は "+t+" 前の情報 · this list is that old";}}
f();setInterval(f,60000);})();
"""


@record
class PlanHeading:
    """What every page says of the operation it belongs to.

    Attributes:
        events: What stands of its earthquakes.
        as_of: Latest information used; never the clock.
        edition: Number of the edition, or None outside of one.
        licences: Licences and credits of the inventories.
    """

    operation: str
    drill: bool
    events: tuple[Event, ...]
    as_of: Instant
    edition: int | None = None
    licences: tuple[str, ...] = ()


def plan_page(rows: Sequence[Row], heading: PlanHeading, *, content: bytes) -> bytes:
    """The page, self-contained; it asks for nothing and opens by a double click.

    Args:
        rows: Flat rows of the table PLAN, ranked kind by kind.
        heading: What it says of the operation.
        content: Bytes of plan.csv; the page shows their sha256.
    """
    digest = sha256(content).hexdigest()[:8]
    sections = [_section(kind, rows) for kind in KIND_WORDS]
    age = AGE.replace("AS_OF", heading.as_of.isoformat())
    page = (
        '<!doctype html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_title(heading))}</title>\n"
        f"<style>{_style(heading, digest)}</style>\n</head>\n<body>\n"
        f"{_header(heading, digest)}\n"
        + "\n".join(section for section in sections if section)
        + f"\n{_footer(rows, heading)}\n<script>{age}</script>\n</body>\n</html>\n"
    )
    return page.encode()


def _title(heading: PlanHeading) -> str:
    return f"[{DRILL_WORDS[heading.drill][0]}] 点検順位 {heading.operation}"


def _jst(time: datetime) -> str:
    return time.astimezone(JST).strftime("%Y-%m-%d %H:%M JST")


def _both(japanese: str, english: str) -> str:
    return f'{escape(japanese)} <span class="en">{escape(english)}</span>'


def _style(heading: PlanHeading, digest: str) -> str:
    running = (
        f"{' '.join(DRILL_WORDS[heading.drill])} / {heading.operation} / "
        f"{_jst(heading.as_of)} / sha256 {digest} / {D0_WORDS[0]}"
    )
    return STYLE.replace("RUNNING", running)


def _header(heading: PlanHeading, digest: str) -> str:
    mode = _both(*DRILL_WORDS[heading.drill])
    edition = "-" if heading.edition is None else f"{heading.edition}"
    facts = [
        (("対応", "operation"), escape(heading.operation)),
        *((("地震", "earthquake"), _event(event)) for event in heading.events),
        (("版", "edition"), edition),
        (("時点", "as of"), _jst(heading.as_of)),
        (("照合", "sha256"), digest),
    ]
    pairs = "".join(f"<dt>{_both(*name)}</dt><dd>{fact}</dd>" for name, fact in facts)
    return (
        f'<header><h1><span class="mode{" drill" if heading.drill else ""}">{mode}'
        f"</span>{_both('点検順位(推定・未確認)', 'Inspection order (expected)')}"
        f"</h1><dl>{pairs}</dl><p><b>{_both(*D0_WORDS)}</b></p>"
        f"{_items(_warnings(heading))}</header>"
        '<div id="age"></div>'
    )


def _warnings(heading: PlanHeading) -> list[tuple[str, str]]:
    """What is special about the shaking of this operation, each once."""
    found: dict[tuple[str, str], None] = {}
    for event in heading.events:
        if event.hypocentre is None:
            found[NO_PLACE] = None
            continue
        notes = zip(*shaking_notes(event.hypocentre), strict=True)
        found.update(dict.fromkeys(notes))
    return list(found)


def _event(event: Event) -> str:
    source = event.hypocentre
    words = [_jst(event.origin_at)]
    if source is not None:
        depth = "不明" if source.depth_km is None else f"{source.depth_km:.0f} km"
        words += [source.region, _magnitude(event), f"深さ {depth}"]
    return escape(" ".join([*words, f"({event.source_kind}, {event.id})"]))


def _magnitude(event: Event) -> str:
    source = event.hypocentre
    if source is None or source.magnitude_mj is not None:
        return "" if source is None else f"M{source.magnitude_mj:.1f}"
    return "M不明" if source.magnitude_at_least is None else "M8を超える"


def _section(kind: str, rows: Sequence[Row]) -> str:
    mine = [row for row in rows if row["kind"] == kind]
    if not mine:
        return ""
    japanese, english, order_ja, order_en = KIND_WORDS[kind]
    inside = sum(bool(row["in_plan"]) for row in mine)
    count = _both(
        f"点検の目安に届く {inside} 件", f"{inside} reach this kind's trigger"
    )
    head = "".join(f"<th>{_both(*names)}</th>" for names in HEADERS)
    shown = mine[: max(LEAST_PAGE_ROWS, min(inside, PAGE_ROWS))]
    body = "\n".join(_row(row) for row in shown)
    return (
        f"<h2>{_both(japanese, english)}</h2><div>{_both(order_ja, order_en)}; "
        f'{count}</div>\n<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _row(row: Row) -> str:
    name = str(row["name"] or "(名称なし)")
    cells = [
        ("n", str(row["rank"])),
        ("", f'{escape(name)}<br><span class="en">{_place(row)}</span>'),
        ("", _states(row)),
        ("n", _chance(row)),
        ("n", _hazard(row)),
        ("n", _number(row["distance_km"], "{:.0f} km")),
        ("", _due(row)),
        ("r", _lines(row["reasons_ja"])),
        ("r en", _lines(row["reasons_en"])),
    ]
    below = "" if row["in_plan"] else ' class="below"'
    tds = "".join(f'<td class="{css}">{text}</td>' for css, text in cells)
    return f"<tr{below}>{tds}</tr>"


def _states(row: Row) -> str:
    """Both channels, never mixed: expected hollow, what was seen as a word."""
    name = str(row["expected"])
    hollow = f'<span class="e {name}">{name}</span>'
    if name == "not_modelled":
        hollow = (
            '<span class="w">推定しない</span><br><span class="en">not modelled</span>'
        )
    if not row["looks"]:
        return hollow
    return f'{hollow}<br><span class="w">観測 {escape(str(row["grade"]))}</span>'


def _number(value: object, form: str) -> str:
    return "-" if value is None else form.format(value)


def _chance(row: Row) -> str:
    if row["p_severe"] is None:
        return "-"
    mean = _number(row["p_severe"], "{:.1%}")
    if row["p_severe_low"] is None:
        return f'{mean}<br><span class="en">参考</span>'
    low, high = (_number(row[f"p_severe_{end}"], "{:.0%}") for end in ("low", "high"))
    return f'{mean}<br><span class="en">{low} - {high}</span>'


def _hazard(row: Row) -> str:
    value, unit = row["hazard"], str(row["hazard_unit"])
    if value is None:
        return "-"
    form = {"g": "{:.2f} g", "gal": "{:.0f} gal", "jma": "震度 {:.1f}"}[unit]
    return form.format(value)


def _due(row: Row) -> str:
    if row["clock_due_at"] is None:
        return "-"
    due = datetime.fromisoformat(str(row["clock_due_at"]))
    words = {"primary": "一次", "primary+secondary": "一次・二次"}
    return f"{words[str(row['clock_kind'])]}<br>{_jst(due)}"


def _place(row: Row) -> str:
    where = f"{row['latitude']:.4f}, {row['longitude']:.4f}"
    return f"{escape(str(row['id']))}<br>{where}"


def _lines(reasons: object) -> str:
    return escape(str(reasons)).replace(";", "<br>")


def _items(words: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<li>{_both(*pair)}</li>" for pair in words)
    return f"<ul>{items}</ul>" if items else ""


def _footer(rows: Sequence[Row], heading: PlanHeading) -> str:
    licences = [(text, "") for text in heading.licences]
    basis = WITH_PICTURES if any(row["looks"] for row in rows) else NO_PICTURE
    limits = _items([basis, *LIMITS])
    return (
        f"<footer><h2>{_both('限界', 'Limits')}</h2>{limits}"
        f"<h2>{_both('出典', 'Sources')}</h2>{_items([*SOURCES, *licences])}</footer>"
    )
