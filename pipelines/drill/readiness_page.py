"""readiness.html: the report on one page, with pictures, readable in black and white.

Nothing is loaded from elsewhere, and no colour says what no word says.
"""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.drill.readiness import read_rows

Row = Mapping[str, Any]

CROP_PX, MARGIN_PX, QUALITY = 360, 40, 70
FACTORS = ("x0.5", "x1", "x2")
GRADES = ("NA", "D0", "D1", "D2", "D3", "D4")
STYLE = """
body{font:15px/1.45 serif;color:#000;background:#fff;max-width:60rem;margin:1rem auto;
padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;border-bottom:2px solid #000;margin-top:2rem}
table{border-collapse:collapse;margin:.5rem 0}
th,td{border:1px solid #000;padding:.15rem .5rem;text-align:right}
th:first-child,td:first-child{text-align:left}
figure{display:inline-block;margin:.5rem;vertical-align:top;max-width:360px}
img{max-width:100%;border:1px solid #000}.drill{border:3px double #000;padding:.4rem}
"""


def page(report: Row, timings: Row, crops: Mapping[str, str]) -> str:
    """The page as text.

    Args:
        report: As `readiness` makes it.
        timings: As `rehearsal.played_dict` makes it.
        crops: By asset, a picture as data URI.
    """
    parts = [
        f"<h1>{escape(report['title_ja'])} · {escape(report['title_en'])}</h1>",
        (
            f'<p class="drill"><b>訓練 DRILL</b> {escape(report["synthetic"])}.'
            f" 乱数 seed {report['seed']}</p>"
        ),
        _section("時間", "Time", _times(report, timings)),
        _section("D3以上の発見", "D3 or worse found", _found(report["editions"])),
        _section(
            "点検順位の上位", "First of the inspection list", _first(report["editions"])
        ),
        _section(
            "等級の対照", "Confusion over grades", _confusion(report["editions"][-1])
        ),
        _section("見逃し", "Misses", _misses(report["misses"], crops)),
        _section("確率の正しさ", "Calibration", _calibration(report["editions"])),
        _section("位置の誤差", "Placement", _placement(report["placement"])),
        _section("見ていないもの", "Not seen", _unseen(report)),
        _section(
            "事前確率が2倍違うとき",
            "When the prior is wrong by two",
            _prior(report["prior_wrong_by_two"]),
        ),
    ]
    title = escape(f"訓練 {report['title_ja']} · readiness")
    return (
        '<!doctype html><html lang="ja"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _section(japanese: str, english: str, body: str) -> str:
    return f"<h2>{japanese} · {english}</h2>\n{body}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = [
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in rows
    ]
    return f"<table><tr>{top}</tr>\n" + "\n".join(lines) + "</table>"


def _cell(value: object) -> str:
    return "–" if value is None else escape(str(value))


def _times(report: Row, timings: Row) -> str:
    took = {step["edition"]: step["seconds"] for step in reversed(timings["steps"])}
    head = ("版 edition", "分 minute", "後 after", "計算 s computed", "等級 graded")
    rows = [
        (e["number"], e["minute"], e["after"], took.get(e["number"]), e["graded"])
        for e in report["editions"]
    ]
    first = _cell(report["minutes_to_first_picture_grade"])
    return (
        f"<p>第0版まで · to edition 0: {report['minutes_to_edition_0']} min;"
        f" 写真による最初の等級まで · to the first grade from pictures: {first} min."
        " 分は訓練の時刻、秒はこの計算機 · minutes are the drill's, seconds this"
        " machine's.</p>" + _table(head, rows)
    )


def _found(editions: Sequence[Row]) -> str:
    head = (
        "分 minute", "真 true", "見えた shown", "版の判定 told", "正 right",
        "再現 recall", "見えた中 of shown", "か確認待ち or waiting", "適合 precision",
    )  # fmt: skip
    names = (
        "severe", "severe_well_seen", "told", "told_right", "recall",
        "recall_well_seen", "recall_well_seen_or_waiting", "precision",
    )  # fmt: skip
    rows = [(e["minute"], *(e["d3"][name] for name in names)) for e in editions]
    return _table(head, rows)


def _first(editions: Sequence[Row]) -> str:
    head = ("分 minute", "件 rows", "真にD3以上 severe", "適合 precision", "全体 base")
    names = ("first", "severe", "precision", "base_rate")
    rows = [(e["minute"], *(e["first_50"][name] for name in names)) for e in editions]
    return _table(head, rows)


def _confusion(edition: Row) -> str:
    head = ("真 true \\ 版 map", *GRADES)
    rows = [(f"D{k}", *counts) for k, counts in enumerate(edition["confusion"])]
    return _table(head, rows)


def _misses(missed: Sequence[Row], crops: Mapping[str, str]) -> str:
    if not missed:
        return "<p>なし · none</p>"
    figures = []
    for row in missed:
        grade = GRADES[row["grade"] + 1]
        reason = f" ({row['na_reason']})" if row["na_reason"] else ""
        words = (
            f"{row['id']}: 真 true D{row['truth']}, 版 map {grade}{reason},"
            f" P(D3+) {_cell(row['p_severe'])}"
        )
        source = crops.get(row["id"])
        picture = f'<img alt="{escape(row["id"])}" src="{source}">' if source else ""
        caption = f"<figcaption>{escape(words)}</figcaption>"
        figures.append(f"<figure>{picture}{caption}</figure>")
    return "".join(figures)


def _calibration(editions: Sequence[Row]) -> str:
    head = ("分 minute", "件 assets", "Brier", "log-loss", "実際 base rate")
    names = ("assets", "brier", "log_loss", "base_rate")
    rows = [
        (e["minute"], *(e["calibration"].get(name) for name in names)) for e in editions
    ]
    bins = editions[-1]["calibration"]["bins"]
    told = ("から from", "件 assets", "版 stated", "実際 observed")
    names = ("from", "assets", "stated", "observed")
    return _table(head, rows) + _table(
        told, [[b[name] for name in names] for b in bins]
    )


def _placement(found: Row) -> str:
    names = ("points", "median_m", "p90_m", "stated_ce90_m", "inside_ce90")
    head = ("点 points", "中央 median m", "90 % m", "CE90 m", "CE90内 inside")
    return _table(head, [[found.get(name) for name in names]])


def _unseen(report: Row) -> str:
    last = report["editions"][-1]["not_assessed"]
    cards = [
        (
            c["name"],
            c["refused"],
            ", ".join(f"{k} {n}" for k, n in c["of_no_use"].items()),
        )
        for c in report["cards"]
    ]
    return _table(("理由 reason", "件 assets"), last.items()) + _table(
        ("束 card", "拒否 refused", "使えない of no use"), cards
    )


def _prior(held: Row) -> str:
    head = ("施設 asset", "× 0.5", "× 1", "× 2")
    rows = [
        (
            row["id"],
            *(f"{_grade(row[f])} ({_cell(row[f]['p_severe'])})" for f in FACTORS),
        )
        for row in held["rows"]
    ]
    words = f"{held['grades_held']} / {held['assets']} 変わらず · grades unchanged"
    return f"<p>{words}</p>" + _table(head, rows)


def _grade(row: Row) -> str:
    return GRADES[row["grade"] + 1]


def crops_of(given: Path, truth: Path, ids: Sequence[str]) -> dict[str, str]:
    """The best picture of each asset, cut to it, as a data URI."""
    best: dict[str, dict[str, str]] = {}
    for row in read_rows(truth / "frames.csv"):
        name = row["asset_id"]
        if name in ids and float(row["share"]) > float(
            best.get(name, {"share": "0"})["share"]
        ):
            best[name] = row
    return {name: _crop(given, row) for name, row in sorted(best.items())}


def _crop(given: Path, row: Mapping[str, str]) -> str:
    path = given / row["delivery"] / "images" / row["file"]
    with Image.open(path) as image:
        image.load()
        box = (
            max(0, int(float(row["left"])) - MARGIN_PX),
            max(0, int(float(row["top"])) - MARGIN_PX),
            min(image.width, int(float(row["right"])) + MARGIN_PX),
            min(image.height, int(float(row["bottom"])) + MARGIN_PX),
        )
        cut = image.convert("RGB").crop(box)
    cut.thumbnail((CROP_PX, CROP_PX))
    buffer = io.BytesIO()
    cut.save(buffer, "JPEG", quality=QUALITY)  # nothing of the file's tags is kept
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
