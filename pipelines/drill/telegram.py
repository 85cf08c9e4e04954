"""The telegram that opens a drill: JMA's VXSE53 with Status 訓練.

Source:
    JMA, 気象庁防災情報XMLフォーマット, form of the sample telegrams 32-35.
"""

from xml.sax.saxutils import escape

from data.record import Instant, Latitude, Longitude, Positive, record

SEISMOLOGY = "http://xml.kishou.go.jp/jmaxml1/body/seismology1/"
ELEMENTS = "http://xml.kishou.go.jp/jmaxml1/elementBasis1/"
HEAD = "http://xml.kishou.go.jp/jmaxml1/informationBasis1/"
INTENSITIES = ("7", "6+", "6-", "5+", "5-", "4", "3", "2", "1")  # worst first
WORDS = dict(
    zip(
        INTENSITIES,
        ("７", "６強", "６弱", "５強", "５弱", "４", "３", "２", "１"),
        strict=True,
    )
)
HEADLINE_FROM = "3"  # the headline lists areas from this intensity, cities from 5-
CITY_HEADLINE_FROM = "5-"
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")


@record
class ShakenArea:
    """One 細分区域 and its cities: (code, name, intensity)."""

    prefecture: str
    prefecture_code: str
    name: str
    code: str
    cities: tuple[tuple[str, str, str], ...]


@record
class DrillEvent:
    """The made-up earthquake, and when the drones flew.

    `over_eight` tells no magnitude but Ｍ８を超える巨大地震, as JMA first does then.
    """

    origin_at: Instant
    reported_at: Instant
    flown_from: Instant
    longitude: Longitude
    latitude: Latitude
    depth_km: Positive
    magnitude_mj: float
    over_eight: bool = False
    region: str
    region_code: str
    areas: tuple[ShakenArea, ...]

    @property
    def id(self) -> str:
        """JMA's EventID: fourteen digits of the origin time."""
        return self.origin_at.strftime("%Y%m%d%H%M%S")


def _worst(intensities: list[str]) -> str:
    """The strongest of JMA's classes."""
    return min(intensities, key=INTENSITIES.index)


def _area_intensity(area: ShakenArea) -> str:
    """The strongest of its cities."""
    return _worst([intensity for _, _, intensity in area.cities])


def _headline_items(found: list[tuple[str, str, str]], kind: str, least: str) -> str:
    """Items of places (name, code, intensity) by intensity, the strongest first."""
    items = []
    for intensity in INTENSITIES[: INTENSITIES.index(least) + 1]:
        places = "".join(
            f"<Area><Name>{escape(name)}</Name><Code>{code}</Code></Area>"
            for name, code, felt in found
            if felt == intensity
        )
        if places:
            items.append(
                f"<Item><Kind><Name>震度{WORDS[intensity]}</Name></Kind>"
                f'<Areas codeType="{kind}">{places}</Areas></Item>'
            )
    return "\n".join(items)


def _headline(event: DrillEvent) -> str:
    """The two lists that the headline carries."""
    areas = [(a.name, a.code, _area_intensity(a)) for a in event.areas]
    cities = [(name, code, felt) for a in event.areas for code, name, felt in a.cities]
    day = event.origin_at.strftime("%d日%H時%M分").translate(FULL_WIDTH)
    by_area = _headline_items(areas, "地震情報／細分区域", HEADLINE_FROM)
    kind = "気象・地震・火山情報／市町村等"
    by_city = _headline_items(cities, kind, CITY_HEADLINE_FROM)
    return f"""<Text>{day}ころ、地震がありました。</Text>
<Information type="震源・震度に関する情報（細分区域）">
{by_area}
</Information>
<Information type="震源・震度に関する情報（市町村等）">
{by_city}
</Information>"""


def _area(area: ShakenArea) -> str:
    """One area with its cities."""
    cities = "\n".join(
        f"<City><Name>{escape(name)}</Name><Code>{code}</Code>"
        f"<MaxInt>{felt}</MaxInt></City>"
        for code, name, felt in area.cities
    )
    return f"""<Area><Name>{escape(area.name)}</Name><Code>{area.code}</Code>\
<MaxInt>{_area_intensity(area)}</MaxInt>
{cities}
</Area>"""


def _observation(event: DrillEvent) -> str:
    """Intensities by prefecture, area and city."""
    blocks = []
    for code in dict.fromkeys(area.prefecture_code for area in event.areas):
        areas = [area for area in event.areas if area.prefecture_code == code]
        worst = _worst([_area_intensity(area) for area in areas])
        inside = "\n".join(_area(area) for area in areas)
        blocks.append(
            f"<Pref><Name>{areas[0].prefecture}</Name><Code>{code}</Code>"
            f"<MaxInt>{worst}</MaxInt>\n{inside}\n</Pref>"
        )
    return "\n".join(blocks)


def _coordinate(event: DrillEvent) -> str:
    """ISO 6709 with depth in metres, and the same in words."""
    depth = f"{event.depth_km:.0f}"
    words = (
        f"北緯{event.latitude:.1f}度　東経{event.longitude:.1f}度　深さ　{depth}ｋｍ"
    ).translate(FULL_WIDTH)
    place = f"{event.latitude:+05.1f}{event.longitude:+06.1f}"
    return (
        f'<jmx_eb:Coordinate description="{words}" datum="日本測地系">'
        f"{place}{-event.depth_km * 1000:+.0f}/</jmx_eb:Coordinate>"
    )


def _magnitude(event: DrillEvent) -> str:
    """Mj with one decimal, or that it is over eight."""
    if event.over_eight:
        return (
            '<jmx_eb:Magnitude type="Mj" condition="不明" '
            'description="Ｍ８を超える巨大地震">NaN</jmx_eb:Magnitude>'
        )
    magnitude = f"{event.magnitude_mj:.1f}"
    words = f"Ｍ{magnitude}".translate(FULL_WIDTH)
    return (
        f'<jmx_eb:Magnitude type="Mj" description="{words}">{magnitude}'
        "</jmx_eb:Magnitude>"
    )


def telegram(event: DrillEvent) -> str:
    """The whole telegram as XML."""
    report, origin = event.reported_at.isoformat(), event.origin_at.isoformat()
    worst = _worst([_area_intensity(area) for area in event.areas])
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" \
xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/">
<Control>
<Title>震源・震度に関する情報</Title>
<DateTime>{report}</DateTime>
<Status>訓練</Status>
<EditorialOffice>気象庁本庁</EditorialOffice>
<PublishingOffice>気象庁</PublishingOffice>
</Control>
<Head xmlns="{HEAD}">
<Title>震源・震度情報</Title>
<ReportDateTime>{report}</ReportDateTime>
<TargetDateTime>{report}</TargetDateTime>
<EventID>{event.id}</EventID>
<InfoType>発表</InfoType>
<Serial>1</Serial>
<InfoKind>地震情報</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline>
{_headline(event)}
</Headline>
</Head>
<Body xmlns="{SEISMOLOGY}" xmlns:jmx_eb="{ELEMENTS}">
<Earthquake>
<OriginTime>{origin}</OriginTime>
<ArrivalTime>{origin}</ArrivalTime>
<Hypocenter>
<Area>
<Name>{escape(event.region)}</Name>
<Code type="震央地名">{event.region_code}</Code>
{_coordinate(event)}
</Area>
</Hypocenter>
{_magnitude(event)}
</Earthquake>
<Intensity>
<Observation>
<CodeDefine>
<Type xpath="Pref/Code">地震情報／都道府県等</Type>
<Type xpath="Pref/Area/Code">地震情報／細分区域</Type>
<Type xpath="Pref/Area/City/Code">気象・地震・火山情報／市町村等</Type>
</CodeDefine>
<MaxInt>{worst}</MaxInt>
{_observation(event)}
</Observation>
</Intensity>
<Comments>
<FreeFormComment>これは訓練です。</FreeFormComment>
</Comments>
</Body>
</Report>
"""
