"""The inspection lists as one printable page: Japanese first, English beside it."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape

import pyarrow as pa
import pyarrow.compute as pc

from data.assets import AssetKind
from data.operation import Event, EventKind
from data.record import Instant, record
from data.words import D0_WORDS, DRILL_WORDS
from geo.shaking import shaking_notes
from pipelines.hazard_words import NO_PLACE
from pipelines.plan_sections import (
    KIND_WORDS,
    both,
    jst,
    kind_section,
    sorties_section,
)

PAGE_ROWS, KIND_PAGE_ROWS, LEAST_PAGE_ROWS = 50, 500, 10
"""Rows of a kind on the common page and on its own: those in the plan, filled up to the
least number from below the trigger; the CSV holds them all."""
PAGE_SORTIES = 30
KIND_FILES: Mapping[str, str] = {
    AssetKind.DAM: "dams",
    AssetKind.BRIDGE: "bridges",
    AssetKind.SUBSTATION: "substations",
    AssetKind.LINK: "links",
    AssetKind.TOWER: "towers",
    AssetKind.SPAN: "spans",
}
"""Name of each kind's files below plan/, in the order of plan.csv."""
NO_PICTURE = (
    "情報文と公開の式から計算した推定・未確認。写真も現地確認もまだない。",
    "Expected, not confirmed: from messages and formulas, no picture, no visit.",
)
WITH_PICTURES = (
    "情報文と公開の式による推定に、これまでに判読した写真を加えた確率。",
    "Chances from messages and published formulas, and from the pictures read so far.",
)
CONDITIONED = (
    "揺れは観測震度で補正した。",
    "Shaking is corrected by the intensities observed.",
)
NOT_CONDITIONED = (
    "観測震度がまだなく、揺れは震源と規模だけによる。",
    "No intensity was observed yet: shaking is by hypocentre and magnitude alone.",
)
LIMITS = (
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
        "地名は最寄りの市区町村の中心からの距離で、境界は見ていない。",
        "A place is named after the nearest city's centre; boundaries are not known.",
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
    (
        "市区町村の中心:jma-eqarea-centroid (K. Yoshimura, MIT)",
        "Centres of cities: jma-eqarea-centroid (K. Yoshimura, MIT)",
    ),
)
EVENT_WORDS = {
    EventKind.EARTHQUAKE: ("地震", "earthquake"),
    EventKind.TYPHOON: ("台風", "typhoon"),
}
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


def plan_page(
    flat: pa.Table, routes: pa.Table, heading: PlanHeading, *, content: bytes
) -> bytes:
    """The first of each kind and the first sorties on one page.

    The page is self-contained: it asks for nothing and opens by a double click.

    Args:
        flat: Flat rows of the table PLAN, ranked kind by kind.
        routes: Flat rows of the table SORTIES.
        heading: What it says of the operation.
        content: Bytes of plan.csv; the page shows their sha256.
    """
    kinds = flat["kind"]
    sections = [
        _section(kind, flat.filter(pc.equal(kinds, kind)), PAGE_ROWS)
        for kind in KIND_WORDS
    ]
    return _page([*sections, _sorties(routes)], flat, heading, content=content)


def kind_page(
    kind: str, flat: pa.Table, heading: PlanHeading, *, content: bytes
) -> bytes:
    """One kind's list to be printed, up to KIND_PAGE_ROWS.

    Args:
        kind: Of every row of `flat`.
        flat: Flat rows of the table PLAN.
        heading: What it says of the operation.
        content: Bytes of the kind's CSV; the page shows their sha256.
    """
    section = _section(kind, flat, KIND_PAGE_ROWS)
    nothing = f"<p>{both('該当する施設はない。', 'No asset of this kind.')}</p>"
    return _page([section or nothing], flat, heading, content=content)


def _section(kind: str, mine: pa.Table, rows: int) -> str:
    if not mine.num_rows:
        return ""
    inside = int(pc.sum(mine["in_plan"]).as_py() or 0)
    shown = mine.slice(0, max(LEAST_PAGE_ROWS, min(inside, rows))).to_pylist()
    return kind_section(kind, shown, inside=inside, file=f"plan/{KIND_FILES[kind]}.csv")


def _sorties(routes: pa.Table) -> str:
    if not routes.num_rows:
        return ""
    first = routes.filter(pc.less_equal(routes["sortie"], PAGE_SORTIES))
    total = int(pc.max(routes["sortie"]).as_py())
    return sorties_section(first.to_pylist(), total=total)


def _page(
    sections: Sequence[str], flat: pa.Table, heading: PlanHeading, *, content: bytes
) -> bytes:
    digest = sha256(content).hexdigest()[:8]
    age = AGE.replace("AS_OF", heading.as_of.isoformat())
    seen = bool(pc.any(pc.greater(flat["looks"], 0)).as_py())
    page = (
        '<!doctype html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_title(heading))}</title>\n"
        f"<style>{_style(heading, digest)}</style>\n</head>\n<body>\n"
        f"{_header(heading, digest)}\n"
        + "\n".join(section for section in sections if section)
        + f"\n{_footer(heading, seen=seen)}\n<script>{age}</script>\n</body>\n</html>\n"
    )
    return page.encode()


def _title(heading: PlanHeading) -> str:
    return f"[{DRILL_WORDS[heading.drill][0]}] 点検順位 {heading.operation}"


def _style(heading: PlanHeading, digest: str) -> str:
    running = (
        f"{' '.join(DRILL_WORDS[heading.drill])} / {heading.operation} / "
        f"{jst(heading.as_of)} / sha256 {digest} / {D0_WORDS[0]}"
    )
    return STYLE.replace("RUNNING", running)


def _header(heading: PlanHeading, digest: str) -> str:
    mode = both(*DRILL_WORDS[heading.drill])
    edition = "-" if heading.edition is None else f"{heading.edition}"
    facts = [
        (("対応", "operation"), escape(heading.operation)),
        *((EVENT_WORDS[event.kind], _event(event)) for event in heading.events),
        (("版", "edition"), edition),
        (("時点", "as of"), jst(heading.as_of)),
        (("照合", "sha256"), digest),
    ]
    pairs = "".join(f"<dt>{both(*name)}</dt><dd>{fact}</dd>" for name, fact in facts)
    return (
        f'<header><h1><span class="mode{" drill" if heading.drill else ""}">{mode}'
        f"</span>{both('点検順位(推定・未確認)', 'Inspection order (expected)')}"
        f"</h1><dl>{pairs}</dl><p><b>{both(*D0_WORDS)}</b></p>"
        f"{_items(_warnings(heading))}{_degraded(heading)}</header>"
        '<div id="age"></div>'
    )


def _warnings(heading: PlanHeading) -> list[tuple[str, str]]:
    """What is special about the shaking of this operation, each once."""
    found: dict[tuple[str, str], None] = {}
    for event in _quakes(heading):
        if event.hypocentre is None:
            found[NO_PLACE] = None
            continue
        notes = zip(*shaking_notes(event.hypocentre), strict=True)
        found.update(dict.fromkeys(notes))
    return list(found)


def _degraded(heading: PlanHeading) -> str:
    """What the events lack, each once, in the words of `data.standing.degraded`."""
    texts = dict.fromkeys(text for event in heading.events for text in event.degraded)
    if not texts:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<p>{both('欠けている情報', 'Missing information')}</p><ul>{items}</ul>"


def _quakes(heading: PlanHeading) -> list[Event]:
    return [event for event in heading.events if event.kind is EventKind.EARTHQUAKE]


def _event(event: Event) -> str:
    source = event.hypocentre
    words = [jst(event.origin_at)]
    if source is not None:
        depth = "不明" if source.depth_km is None else f"{source.depth_km:.0f} km"
        words += [source.region, _magnitude(event), f"深さ {depth}"]
    return escape(" ".join([*words, f"({event.source_kind}, {event.id})"]))


def _magnitude(event: Event) -> str:
    source = event.hypocentre
    if source is None or source.magnitude_mj is not None:
        return "" if source is None else f"M{source.magnitude_mj:.1f}"
    return "M不明" if source.magnitude_at_least is None else "M8を超える"


def _items(words: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<li>{both(*pair)}</li>" for pair in words)
    return f"<ul>{items}</ul>" if items else ""


def _footer(heading: PlanHeading, *, seen: bool) -> str:
    licences = [(text, "") for text in heading.licences]
    basis = WITH_PICTURES if seen else NO_PICTURE
    observed = any(event.observed for event in _quakes(heading))
    known = [CONDITIONED if observed else NOT_CONDITIONED] if _quakes(heading) else []
    limits = _items([basis, *known, *LIMITS])
    return (
        f"<footer><h2>{both('限界', 'Limits')}</h2>{limits}"
        f"<h2>{both('出典', 'Sources')}</h2>{_items([*SOURCES, *licences])}</footer>"
    )
