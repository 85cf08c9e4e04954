"""How QGIS paints a layer of assets: the style that lies inside the GeoPackage."""

from xml.sax.saxutils import quoteattr

from data.findings import Grade, grade_name
from data.words import GRADE_COLOURS, GRADE_WORDS

_OUTLINE = "88,88,92,255"
_EXPECTED_WORDS = ("推定(未確認)", "expected, not confirmed")
Entry = tuple[str, str, str, bool]
"""Filter, label, colour as r,g,b, and whether it is filled."""


def qml(group: str) -> str:
    """QGIS's own style of the layer `assets_GROUP`.

    What was seen is filled in the colour of its grade; what is only expected is an
    outline in the same hues (MAP, words and colours).

    Args:
        group: point, line or polygon.
    """
    entries = _entries()
    rules = "".join(
        f"<rule key={quoteattr(f'k{n}')} symbol={quoteattr(str(n))}"
        f" filter={quoteattr(query)} label={quoteattr(label)}/>"
        for n, (query, label, _, _) in enumerate(entries)
    )
    symbols = "".join(
        _symbol(group, n, colour, filled=filled)
        for n, (_, _, colour, filled) in enumerate(entries)
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.22.0" styleCategories="Symbology">'
        '<renderer-v2 type="RuleRenderer" symbollevels="0" forceraster="0">'
        f'<rules key="root">{rules}</rules><symbols>{symbols}</symbols>'
        "</renderer-v2></qgis>"
    )


def _entries() -> list[Entry]:
    entries: list[Entry] = []
    for grade, colour in sorted(GRADE_COLOURS.items(), reverse=True):
        name, words = grade_name(grade), GRADE_WORDS[grade]
        query = f"\"grade\" = '{name}'"
        if grade is Grade.NA:
            query += ' AND ("expected" IS NULL OR "expected" = \'not_modelled\')'
        label = f"{name} {words[0]} / {words[1]}"
        entries.append((query, label, _rgb(colour), grade is not Grade.NA))
        if grade is not Grade.NA:
            hollow = f"\"grade\" = 'NA' AND \"expected\" = 'E{int(grade)}'"
            label = f"E{int(grade)} {_EXPECTED_WORDS[0]} / {_EXPECTED_WORDS[1]}"
            entries.append((hollow, label, _rgb(colour), False))
    return entries


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _symbol(group: str, number: int, colour: str, *, filled: bool) -> str:
    kind, layer, options = _LAYERS[group](colour, filled)
    chosen = "".join(
        f"<Option type='QString' name='{name}' value='{value}'/>"
        for name, value in options.items()
    )
    return (
        f"<symbol type='{kind}' name='{number}' alpha='1' clip_to_extent='1'>"
        f"<layer class='{layer}' enabled='1' pass='0' locked='0'>"
        f"<Option type='Map'>{chosen}</Option></layer></symbol>"
    )


def _marker(colour: str, filled: bool) -> tuple[str, str, dict[str, str]]:  # noqa: FBT001 one of a family
    fill = colour if filled else "255,255,255,0"
    return (
        "marker",
        "SimpleMarker",
        {
            "name": "circle",
            "size": "3",
            "size_unit": "MM",
            "color": fill,
            "outline_color": _OUTLINE if filled else colour,
            "outline_width": "0.5",
            "outline_style": "solid",
        },
    )


def _line(colour: str, filled: bool) -> tuple[str, str, dict[str, str]]:  # noqa: FBT001 one of a family
    return (
        "line",
        "SimpleLine",
        {
            "line_color": colour,
            "line_width": "1.2" if filled else "0.5",
            "line_width_unit": "MM",
            "line_style": "solid" if filled else "dash",
        },
    )


def _fill(colour: str, filled: bool) -> tuple[str, str, dict[str, str]]:  # noqa: FBT001 one of a family
    return (
        "fill",
        "SimpleFill",
        {
            "color": colour,
            "style": "solid" if filled else "no",
            "outline_color": _OUTLINE if filled else colour,
            "outline_width": "0.5",
            "outline_style": "solid",
        },
    )


_LAYERS = {"point": _marker, "line": _line, "polygon": _fill}
