"""The tables of the inspection page: a kind's list, and the sorties."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from itertools import groupby

from data.assets import AssetKind
from pipelines.sorties import RULE_EN, RULE_JA

JST = timezone(timedelta(hours=9))
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
        "最寄り区間の揺れ×電圧、崩落地との交差を加えた順(状態は推定しない)",
        "by shaking where nearest and slope failures crossed, x voltage",
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
    ("揺れ・風(中央値)", "shaking, wind (median)"),
    ("震央から", "from epicentre"),
    ("点検期限", "inspection due"),
    ("理由", "reasons"),
    ("", "reasons in English"),
)
SORTIE_HEADERS = (
    ("班", "group"),
    ("ソーティ", "sortie"),
    ("離陸地点", "launch place"),
    ("回る順(種別 順位)", "stops in order (kind, rank)"),
    ("飛行距離", "way flown"),
    ("所要", "minutes"),
)


def jst(time: datetime) -> str:
    """A time as a Japanese reader writes it."""
    return time.astimezone(JST).strftime("%Y-%m-%d %H:%M JST")


def both(japanese: str, english: str) -> str:
    """Japanese with English, smaller, behind it."""
    return f'{escape(japanese)} <span class="en">{escape(english)}</span>'


def kind_section(kind: str, shown: Sequence[Row], *, inside: int, file: str) -> str:
    """One kind's list.

    Args:
        kind: Of every row.
        shown: Flat rows of the table PLAN, the first of the kind.
        inside: How many of the kind are in the plan.
        file: Where all of them are.
    """
    japanese, english, order_ja, order_en = KIND_WORDS[kind]
    count = both(
        f"点検の目安に届く {inside} 件、全件は {file}",
        f"{inside} reach this kind's trigger, all in {file}",
    )
    return (
        f"<h2>{both(japanese, english)}</h2><div>{both(order_ja, order_en)}; "
        f"{count}</div>\n{_table(HEADERS, map(_row, shown))}"
    )


def sorties_section(stops: Sequence[Row], *, total: int) -> str:
    """The sorties, a line each.

    Args:
        stops: Flat rows of the table SORTIES, sortie after sortie.
        total: How many sorties there are.
    """
    flights = [list(rows) for _, rows in groupby(stops, key=lambda row: row["sortie"])]
    count = both(
        f"{total} ソーティ、全件は plan/sorties.csv",
        f"{total} sorties, all in plan/sorties.csv",
    )
    return (
        f"<h2>{both('ドローンのソーティ案', 'Drone sorties, proposed')}</h2>"
        f"<div>{count}</div><p>{both(RULE_JA, RULE_EN)}</p>\n"
        f"{_table(SORTIE_HEADERS, map(_flight, flights))}"
    )


def _table(headers: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{both(*names)}</th>" for names in headers)
    body = "\n".join(rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _flight(stops: Sequence[Row]) -> str:
    launch = stops[0]
    names = "<br>".join(
        f"{stop['stop']}. {_escaped(stop['name'] or stop['id'])}"
        f' <span class="en">{KIND_WORDS[str(stop["kind"])][0]} {stop["rank"]}</span>'
        for stop in stops
    )
    way = sum(float(str(stop["leg_km"])) for stop in stops)
    cells = [
        ("n", str(launch["group"])),
        ("n", str(launch["sortie"])),
        ("", f"{_escaped(launch['place'])}<br>{_position(launch)}"),
        ("", names),
        ("n", f"{way:.1f} km"),
        ("n", f"{launch['minutes']:.0f} 分"),
    ]
    return f"<tr>{_tds(cells)}</tr>"


def _tds(cells: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<td class="{css}">{text}</td>' for css, text in cells)


def _escaped(value: object) -> str:
    return "" if value is None else escape(str(value))


def _position(row: Row) -> str:
    return f'<span class="en">{row["latitude"]:.4f}, {row["longitude"]:.4f}</span>'


def _row(row: Row) -> str:
    name = str(row["name"] or "(名称なし)")
    cells = [
        ("n", str(row["rank"])),
        ("", f"{escape(name)}<br>{_place(row)}"),
        ("", _states(row)),
        ("n", _chance(row)),
        ("n", _hazard(row)),
        ("n", _number(row["distance_km"], "{:.0f} km")),
        ("", _due(row)),
        ("r", _lines(row["reasons_ja"])),
        ("r en", _lines(row["reasons_en"])),
    ]
    below = "" if row["in_plan"] else ' class="below"'
    return f"<tr{below}>{_tds(cells)}</tr>"


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


_FORMS = {
    "g": "{:.2f} g",
    "gal": "{:.0f} gal",
    "jma": "震度 {:.1f}",
    "m/s": "{:.0f} m/s",
}


def _hazard(row: Row) -> str:
    value, unit = row["hazard"], str(row["hazard_unit"])
    if value is None:
        return "-"
    form = _FORMS[unit]
    return form.format(value)


def _due(row: Row) -> str:
    if row["clock_due_at"] is None:
        return "-"
    due = datetime.fromisoformat(str(row["clock_due_at"]))
    words = {"primary": "一次", "primary+secondary": "一次・二次"}
    return f"{words[str(row['clock_kind'])]}<br>{jst(due)}"


def _place(row: Row) -> str:
    words = f"{_escaped(row['place'])}<br>" if row["place"] else ""
    return f'{words}<span class="en">{_escaped(row["id"])}<br></span>{_position(row)}'


def _lines(reasons: object) -> str:
    return escape(str(reasons)).replace(";", "<br>")
