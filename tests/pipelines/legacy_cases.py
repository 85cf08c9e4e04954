"""One list of bridges, written clean and in the six ways owners write such lists."""

import csv
import io

import openpyxl
from pyproj import Transformer

from data.assets import AssetKind

CLEAN_NAMES = ("id", "name", "longitude", "latitude", "length_m", "year", "soundness")
OWNERS_NAMES = ("管理番号", "橋梁名", "経度", "緯度", "橋長(m)", "架設年度", "健全性")
BRIDGES = (
    ("K-001", "第二新橋", 139.7671, 35.6812, 45.5, 1965, "II"),
    ("K-002", "大手川橋", 138.1881, 36.6513, 1234.5, 1989, "III"),
    ("K-003", "髙﨑①号橋", 139.0033, 36.3219, 12.0, 1926, "I"),
    ("K-004", "ソーラー橋", 140.4737, 37.7608, 88.8, 2019, "IV"),
    ("K-005", "第一跨線橋", 135.7681, 35.0116, 30.0, 1912, "I"),
    ("K-006", "能登高架橋(上り)", 130.4017, 33.5903, 205.0, 1951, "II"),
)
MAPPING = {"kind": AssetKind.BRIDGE, "crs": "EPSG:6668", "owner": "架空県"}
WAREKI = {
    1965: "昭和40年3月",
    1989: "平成元年",
    1926: "大正15年",
    2019: "R元.5",
    1912: "明治四十五年",
    1951: "S26",
}
_WIDE = {ord("!") + k: ord("！") + k for k in range(94)} | {ord(" "): "　"}


def _text(names, rows, delimiter=","):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([names, *rows])
    return file.getvalue()


def clean(folder):
    path = folder / "clean.csv"
    path.write_text(_text(CLEAN_NAMES, BRIDGES), "utf-8")
    return path, MAPPING


def legacy_encoding(folder):
    """What Japanese Excel saves as CSV: code page 932, lines ended by CR LF."""
    path = folder / "cp932.csv"
    path.write_bytes(_text(OWNERS_NAMES, BRIDGES).encode("cp932"))
    return path, MAPPING


def full_width(folder):
    """Every digit, letter and sign wide, but for the names of the bridges."""
    path = folder / "full_width.csv"
    rows = [[_wide(value, column) for column, value in enumerate(r)] for r in BRIDGES]
    path.write_text(_text(OWNERS_NAMES, rows), "utf-8-sig")
    return path, MAPPING


def _wide(value, column):
    if column == 1:
        return value
    text = f"{value:,}" if column == 4 else str(value)
    roman = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ"}
    return roman.get(text, text.translate(_WIDE)) + ("ｍ" if column == 4 else "")


def eras(folder):
    """Years in the Japanese calendar, separated by semicolons."""
    path = folder / "wareki.csv"
    rows = [(*one[:5], WAREKI[one[5]], one[6]) for one in BRIDGES]
    path.write_text(_text(OWNERS_NAMES, rows, ";"), "utf-8-sig")
    return path, MAPPING


def sexagesimal(folder):
    """Degrees, minutes and seconds, in six ways of writing them."""
    path = folder / "dms.csv"
    ways = (
        "{0}°{1:02d}'{2:07.4f}\"{3}",
        "{0}度{1}分{2:.4f}秒",
        "{0}{1:02d}{2:07.4f}",
        "{3}{0}-{1:02d}-{2:07.4f}",
        "{0}.{1:02d}.{2:07.4f}",
        "{0}゜{1}′{2:.4f}″",
    )
    rows = [
        (*one[:2], _dms(one[2], way, "E"), _dms(one[3], way, "N"), *one[4:])
        for one, way in zip(BRIDGES, ways, strict=True)
    ]
    path.write_text(_text(OWNERS_NAMES, rows), "utf-8")
    return path, MAPPING


def _dms(degrees, way, letter):
    tenths = round(degrees * 3600 * 10_000)
    minutes, seconds = divmod(tenths, 600_000)
    return way.format(minutes // 60, minutes % 60, seconds / 10_000, letter)


def tokyo_datum(folder):
    """Places in Tokyo Datum, as PROJ has them, told by a column of datums."""
    path = folder / "tokyo.csv"
    back = Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::15483")
    rows = []
    for one in BRIDGES:
        latitude, longitude = back.transform(one[3], one[2], direction="INVERSE")
        rows.append((*one[:2], longitude, latitude, *one[4:], "日本測地系"))
    path.write_text(_text((*OWNERS_NAMES, "測地系"), rows), "utf-8")
    return path, MAPPING


def workbook(folder):
    """An inspection sheet: cover, titles, merged cells, names in two rows, a total."""
    path = folder / "inspection.xlsx"
    book = openpyxl.Workbook()
    cover = book.active
    cover.title = "表紙"
    cover["B2"] = "橋梁点検結果一覧"
    sheet = book.create_sheet("点検結果")
    sheet["A1"] = "令和６年度　道路橋定期点検　結果一覧表"
    sheet.merge_cells("A1:H1")
    sheet["H2"] = "架空県土木部"
    for column, (top, bottom) in enumerate(_TWO_ROWS, start=1):
        sheet.cell(4, column, top)
        sheet.cell(5, column, bottom)
    for cells in ("A4:A5", "B4:B5", "C4:D4", "E4:F4", "G4:G5", "H4:H5"):
        sheet.merge_cells(cells)
    for one in BRIDGES:
        sheet.append([one[0], one[1], one[3], one[2], one[4], one[5], one[6], None])
    sheet.append(["合計", f"{len(BRIDGES)}橋"])
    sheet.append(["※緯度経度は世界測地系"])
    book.save(path)
    return path, MAPPING


_TWO_ROWS = (
    ("管理\n番号", None),
    ("橋梁名", None),
    ("位置", "緯度"),
    (None, "経度"),
    ("諸元", "橋長\n(m)"),
    (None, "架設年度"),
    ("健全性", None),
    ("備考", None),
)

LEGACY = (
    legacy_encoding,
    full_width,
    eras,
    sexagesimal,
    tokyo_datum,
    workbook,
)
