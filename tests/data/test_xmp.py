import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.xmp import drone_tags

EDITOR = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
    b'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description '
    b'xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Make="DJI"/></r:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("elements", [False, True])
def test_attributes_and_elements_say_the_same(pack_drone_tags, elements):
    written = {"GimbalYawDegree": "+44.20", "RtkFlag": "50"}
    packet = pack_drone_tags(written, elements=elements)
    found = drone_tags([packet + b"  \n" * 40 + b"\x00"])
    assert found.values == {"gimbalyawdegree": "+44.20", "rtkflag": "50"}
    assert found.remarks == ()


def test_of_two_packets_the_drones_own_wins_in_either_order(pack_drone_tags):
    drone = pack_drone_tags({"RtkFlag": "50"})
    assert drone_tags([EDITOR, drone]) == drone_tags([drone, EDITOR])
    assert drone_tags([EDITOR, drone]).values == {"rtkflag": "50"}


def test_two_drone_packets_that_differ_are_said(pack_drone_tags):
    packets = [pack_drone_tags({"RtkFlag": flag}) for flag in ("50", "16")]
    found = drone_tags(packets)
    assert found.values == {"rtkflag": "50"}
    assert "rtkflag" in found.remarks[0]


def test_an_entity_bomb_is_ignored_and_said():
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><x>&l9;</x>'.encode()
    found = drone_tags([bomb])
    assert found.values == {}
    assert "entities" in found.remarks[0]


def test_an_external_entity_is_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    packet = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
        '<x xmlns:d="http://www.dji.com/drone-dji/1.0/"><d:RtkFlag>&e;</d:RtkFlag></x>'
    )
    assert drone_tags([packet.encode()]).values == {}


@pytest.mark.parametrize(
    "packet",
    [
        *(b"", b"<x", b"\x00" * 50, b"<a></b>", b"\xff\xfe\x00"),
        *(b"<a>" * 15_000, b"<a>" * 100 + b"</a>" * 100, b"<a/>" + b" " * (1 << 21)),
        b'<?xml version="1.0" encoding="no-such"?><a/>',
    ],
)
def test_an_unsound_packet_is_ignored_and_said(packet):
    found = drone_tags([packet])
    assert found.values == {}
    assert "ignored" in found.remarks[0]


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_give_tags_or_a_remark(packet):
    found = drone_tags([packet])
    assert found.values == {}
    assert len(found.remarks) <= 1
