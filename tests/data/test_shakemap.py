"""ShakeMaps: both orders of columns, a real one, and what nobody may send."""

import gzip

import numpy as np
import pytest

from data.errors import RefusedError
from data.feeds.fields import event_of_shakemap
from data.feeds.shakemap import is_shakemap, read_shakemap
from data.operation import EventStatus
from data.refusals import RefusalCode

HEAD = """<?xml version="1.0"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap"
 event_id="us1000" shakemap_version="3" process_timestamp="2018-05-25T21:55:54Z"
 shakemap_event_type="ACTUAL">
<event event_id="us1000" magnitude="6.9" depth="2.1" lat="19.3" lon="-155.0"
 event_timestamp="2018-05-04T22:32:54GMT" event_description="Hawaii"/>
<grid_specification lon_min="-155" lat_min="19" lon_max="-154" lat_max="20"
 nlon="3" nlat="2"/>
"""
V4 = (("LON", "dd"), ("LAT", "dd"), ("MMI", "intensity"), ("PGA", "%g"))
V35 = (("LON", "dd"), ("LAT", "dd"), ("PGA", "pctg"), ("MMI", "intensity"))
SIGMA = ("STDPGA", "ln(pctg)")


def grid(columns, *, head=HEAD, pga=(1, 2, 3, 4, 5, 6), mmi=5.0):
    """Two rows, north first, three columns; PGA as given, in % g."""
    fields = "".join(
        f'<grid_field index="{n}" name="{name}" units="{unit}" />'
        for n, (name, unit) in enumerate(columns, start=1)
    )
    places = [(lon, lat) for lat in (20, 19) for lon in (-155, -154.5, -154)]
    rows = []
    for (lon, lat), value in zip(places, pga, strict=True):
        of = {"LON": lon, "LAT": lat, "MMI": mmi, "PGA": value, "STDPGA": 0.6}
        rows.append(" ".join(str(of[name]) for name, _ in columns))
    data = "\n".join(rows)
    return f"{head}{fields}<grid_data>\n{data}\n</grid_data></shakemap_grid>".encode()


def refusal_of(data):
    with pytest.raises(RefusedError) as caught:
        read_shakemap(data, name="grid.xml")
    assert caught.value.refusal.remedy
    return caught.value.refusal.code


def test_both_orders_of_columns_give_the_same_field():
    new, old = (read_shakemap(grid(columns), name="x") for columns in (V4, V35))
    for name in ("pga", "mmi"):
        np.testing.assert_array_equal(new.values[name], old.values[name])
    np.testing.assert_array_equal(new.longitudes, [-155.0, -154.5, -154.0])
    np.testing.assert_array_equal(new.latitudes, [19.0, 20.0])


def test_rows_are_turned_so_that_south_comes_first_and_percent_g_is_gal():
    found = read_shakemap(grid(V4), name="x").values["pga"]
    np.testing.assert_allclose(found, np.array([[4, 5, 6], [1, 2, 3]]) * 9.80665)


def test_gzip_is_read_alike_and_a_bomb_is_not():
    plain, packed = grid(V4), gzip.compress(grid(V4))
    assert is_shakemap(packed)
    one, other = (read_shakemap(data, name="x") for data in (plain, packed))
    np.testing.assert_array_equal(one.values["pga"], other.values["pga"])
    assert one.sha256 != other.sha256
    assert refusal_of(gzip.compress(b" " * (40 << 20))) is RefusalCode.BOMB
    assert refusal_of(packed[:-20]) is RefusalCode.TRUNCATED


def test_without_sigma_half_stands_and_a_note_says_so():
    found = read_shakemap(grid(V4), name="x")
    assert found.sigma_ln is None
    assert "the ShakeMap carries no sigma: 0.5 (ln) is used" in found.notes
    found = read_shakemap(grid((*V4, SIGMA)), name="x")
    assert found.sigma_ln is not None
    np.testing.assert_array_equal(found.sigma_ln["pga"], np.full((2, 3), 0.6))


def test_a_node_without_a_value_stays_without():
    found = read_shakemap(grid(V4, pga=(1, 2, "nan", 4, 5, 6)), name="x")
    assert np.isnan(found.values["pga"][1, 2])
    assert "1 values of the ShakeMap are missing" in found.notes


def test_the_real_one_is_read_as_it_stands(shared):
    path = shared / "data/events/shakemap/hawaii_m6.9_us1000dyad_grid.xml.gz"
    found = read_shakemap(path.read_bytes(), name=path.name)
    assert {name: grid.shape for name, grid in found.values.items()} == dict.fromkeys(
        ("pga", "pgv", "sa03", "sa10", "mmi"), (211, 271)
    )
    # first line of the file: -159.0000 22.0000 2 0.01534 0.1495 0.1009 0.179 0.06071
    assert found.values["pga"][-1, 0] == pytest.approx(0.01534 * 9.80665)
    assert found.values["sa10"][-1, 0] == pytest.approx(0.00179)
    event = event_of_shakemap(found)
    assert (event.id, event.status) == ("us1000dyad", EventStatus.REAL)
    assert event.hypocentre.magnitude_mj == 6.9


@pytest.mark.parametrize(
    ("kind", "status", "event_id"),
    [
        ("SCENARIO", EventStatus.DRILL, "drill-us1000"),
        ("TEST", EventStatus.TEST, "drill-us1000"),
    ],
)
def test_a_scenario_is_never_real(kind, status, event_id):
    head = HEAD.replace("ACTUAL", kind)
    event = event_of_shakemap(read_shakemap(grid(V4, head=head), name="x"))
    assert (event.status, event.id) == (status, event_id)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("us1000", "../../x", RefusalCode.BAD_ID),
        ("ACTUAL", "MAYBE", RefusalCode.UNKNOWN_STATUS),
        ('magnitude="6.9"', 'magnitude="99"', RefusalCode.OUT_OF_RANGE),
        ('magnitude="6.9"', 'magnitude="NaN"', RefusalCode.OUT_OF_RANGE),
        ("22:32:54GMT", "late", RefusalCode.SCHEMA),
        ('nlon="3"', 'nlon="4"', RefusalCode.TRUNCATED),
        ('nlon="3"', 'nlon="3000000"', RefusalCode.TOO_LARGE),
        ("eqcenter/shakemap", "eqcenter/other", RefusalCode.UNKNOWN_TYPE),
    ],
)
def test_a_wrong_head_is_refused_in_words(old, new, code):
    assert old in HEAD
    assert refusal_of(grid(V4, head=HEAD.replace(old, new))) is code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (grid(V4, pga=(1, 2, 3, 4, 5, -6)), RefusalCode.OUT_OF_RANGE),
        (grid(V4, pga=(1, 2, 3, 4, 5, "inf")), RefusalCode.OUT_OF_RANGE),
        (grid(V4, pga=("nan",) * 6), RefusalCode.OUT_OF_RANGE),
        (grid(V4, pga=(1, 2, 3, 4, 5, "x")), RefusalCode.UNREADABLE),
        (grid(V4, mmi=13), RefusalCode.OUT_OF_RANGE),
        (grid((*V4[:3], ("PGA", "m/s2"))), RefusalCode.SCHEMA),
        (grid(V4[:3]), RefusalCode.SCHEMA),
        (grid(V4).replace(b'index="4"', b'index="7"'), RefusalCode.SCHEMA),
        (grid(V4).replace(b"-154.5 20", b"-153 20"), RefusalCode.SCHEMA),
        (
            grid(V4).replace(
                b'<?xml version="1.0"?>',
                b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa">]>',
            ),
            RefusalCode.BOMB,
        ),
    ],
)
def test_a_wrong_grid_is_refused_in_words(data, code):
    assert refusal_of(data) is code
