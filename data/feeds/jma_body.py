"""What the body of a JMA earthquake telegram says: hypocentre and intensities.

Source:
    JMA, 気象庁防災情報XMLフォーマット, and the telegrams themselves.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from data.feeds.guarded_xml import child_of, refused, text_of
from data.operation import GeodeticDatum, Hypocentre, ObservedIntensity
from data.refusals import RefusalCode

GREATER_THAN_MAGNITUDE_8 = 8.0  # "Ｍ８を超える巨大地震": all that is known
NOT_RECEIVED_LOW = 4.5  # 震度５弱以上未入電 begins where 5-lower does

BODY = "{http://xml.kishou.go.jp/jmaxml1/body/seismology1/}"
BASIS = "{http://xml.kishou.go.jp/jmaxml1/elementBasis1/}"

INTENSITY_OF_CLASS: dict[str, tuple[float, float | None]] = {
    "0": (0.0, 0.5),
    "1": (0.5, 1.5),
    "2": (1.5, 2.5),
    "3": (2.5, 3.5),
    "4": (3.5, 4.5),
    "5-": (4.5, 5.0),
    "5+": (5.0, 5.5),
    "6-": (5.5, 6.0),
    "6+": (6.0, 6.5),
    "7": (6.5, None),
    "震度５弱以上未入電": (NOT_RECEIVED_LOW, None),
}
"""JMA classes as intervals of instrumental intensity (気象庁告示第4号, 1996)."""

_POSITION = re.compile(
    r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)([+-]\d+)?/", re.ASCII
)
_POSITION_MINUTES = re.compile(
    r"([+-])(\d{2})(\d{2}(?:\.\d+)?)([+-])(\d{3})(\d{2}(?:\.\d+)?)([+-]\d+)?/",
    re.ASCII,
)
_MAGNITUDE = re.compile(r"-?\d{1,2}(?:\.\d+)?", re.ASCII)
_MAGNITUDE_RANGE = (-2.0, 10.0)


def hypocentre_of(earthquake: Element, name: str) -> Hypocentre | None:
    """None where the message says that the place itself is 不明."""
    area = earthquake.find(f"{BODY}Hypocenter/{BODY}Area")
    if area is None:
        return None
    coordinate = _best_coordinate(area, name)
    text = (coordinate.text or "").strip()
    if not text and "不明" in coordinate.get("description", ""):
        return None
    longitude, latitude, depth_km = _position(text, name)
    magnitude, at_least = _magnitude(earthquake, name)
    return Hypocentre(
        longitude=longitude,
        latitude=latitude,
        depth_km=depth_km,
        magnitude_mj=magnitude,
        magnitude_at_least=at_least,
        region=text_of(area, f"{BODY}Name"),
        datum=_datum(coordinate, name),
    )


def _best_coordinate(area: Element, name: str) -> Element:
    """The one in degrees and minutes where there is one (VXSE61), else the first."""
    found = area.findall(f"{BASIS}Coordinate")
    if not found:
        child_of(area, f"{BASIS}Coordinate", name)
    precise = [c for c in found if c.get("type") == "震源位置（度分）"]
    return (precise or found)[0]


def _datum(coordinate: Element, name: str) -> GeodeticDatum:
    """JMA names only 日本測地系; without an attribute it is the world's."""
    words = {"日本測地系": GeodeticDatum.TOKYO, "世界測地系": GeodeticDatum.JGD2011}
    datum = coordinate.get("datum")
    if datum is None:
        return GeodeticDatum.JGD2011
    if datum not in words:
        refused(
            name,
            RefusalCode.UNKNOWN_DATUM,
            value=f"datum {datum!r}",
            remedy=f"known are {', '.join(words)}",
        )
    return words[datum]


def _position(text: str, name: str) -> tuple[float, float, float | None]:
    """Longitude, latitude, depth in km, from "+39.0+140.9-10000/" (ISO 6709).

    Degrees with minutes ("+3901.7+14052.8-8000/") too. Depth is None where the third
    part is missing (深さ不明), 0 for ごく浅い ("+0/").
    """
    if found := _POSITION.fullmatch(text):
        latitude, longitude = float(found[1]), float(found[2])
        height = found[3]
    elif found := _POSITION_MINUTES.fullmatch(text):
        latitude = float(f"{found[1]}1") * (int(found[2]) + float(found[3]) / 60.0)
        longitude = float(f"{found[4]}1") * (int(found[5]) + float(found[6]) / 60.0)
        height = found[7]
    else:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"Coordinate {text!r}",
            remedy="a hypocentre is written like +39.0+140.9-10000/",
        )
    depth_km = None if height is None else 0.0 - float(height) / 1000.0
    if (
        abs(latitude) > 90.0  # noqa: PLR2004 degrees
        or abs(longitude) > 180.0  # noqa: PLR2004 degrees
        or not 0.0 <= (depth_km or 0.0) <= 800.0  # noqa: PLR2004 no quake is deeper
    ):
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"Coordinate {text!r}",
            remedy="check the hypocentre; depth lies between 0 and 800 km",
        )
    return longitude, latitude, depth_km


def _magnitude(earthquake: Element, name: str) -> tuple[float | None, float | None]:
    """Mj, and the lower bound that stands for it where JMA says only that."""
    element = child_of(earthquake, f"{BASIS}Magnitude", name)
    text = (element.text or "").strip()
    description = element.get("description", "")
    if text == "NaN" and element.get("condition") == "不明":
        great = "Ｍ８を超える" in description
        return None, GREATER_THAN_MAGNITUDE_8 if great else None
    low, high = _MAGNITUDE_RANGE
    if not _MAGNITUDE.fullmatch(text) or not low <= float(text) <= high:
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"Magnitude {text!r} {description}".strip(),
            remedy="a magnitude is a number up to 10, or NaN with condition 不明",
        )
    return float(text), None


def observed_in(body: Element, name: str) -> Iterator[ObservedIntensity]:
    """Areas, cities and stations, in the order of the message."""
    path = f"{BODY}Intensity/{BODY}Observation/{BODY}Pref/{BODY}Area"
    for area in body.findall(path):
        yield _intensity(area, "area", name)
        for city in area.findall(f"{BODY}City"):
            yield _intensity(city, "city", name)
            for station in city.findall(f"{BODY}IntensityStation"):
                yield _intensity(station, "station", name)


def _intensity(element: Element, level: str, name: str) -> ObservedIntensity:
    """One observation; 未入電 beside a class lifts the class to an open interval."""
    tag = f"{BODY}Int" if level == "station" else f"{BODY}MaxInt"
    text = text_of(element, tag)
    condition = text_of(element, f"{BODY}Condition")
    words = [word for word in (text, condition) if word]
    place = text_of(element, f"{BODY}Name")
    if not words or any(word not in INTENSITY_OF_CLASS for word in words):
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"{level} {place}: intensity {' '.join(words)!r}",
            remedy=f"known are {', '.join(INTENSITY_OF_CLASS)}",
        )
    lows, highs = zip(*(INTENSITY_OF_CLASS[word] for word in words), strict=True)
    known = [high for high in highs if high is not None]
    return ObservedIntensity(
        level=level,
        code=text_of(element, f"{BODY}Code"),
        name=place,
        low=max(lows),
        high=max(known) if len(known) == len(highs) else None,
    )


def notes_of(body: Element, earthquake: Element | None) -> tuple[str, ...]:
    """JMA's own words, and what it says is not known."""
    texts = [
        text_of(body, f"{BODY}Text"),
        *(
            text_of(comments, path)
            for comments in body.findall(f"{BODY}Comments")
            for path in (
                f"{BODY}ForecastComment/{BODY}Text",
                f"{BODY}VarComment/{BODY}Text",
                f"{BODY}FreeFormComment",
            )
        ),
    ]
    if earthquake is not None:
        for element in earthquake.iter():
            description = element.get("description", "")
            if "不明" in description or "Ｍ８を超える" in description:
                texts.append(description)
    return tuple(text for text in texts if text)
