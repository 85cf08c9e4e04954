import io
import os
import stat
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import archive
from data.archive import unpack_zip
from data.errors import RefusedError
from data.intake import batch_root, list_batch


def zip_of(members, *, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, content in members:
            opened.writestr(name, content)
    buffer.seek(0)
    return buffer


def unpacked(tmp_path, members):
    folder, refusals = unpack_zip(zip_of(members), tmp_path / "scratch", "batch.zip")
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))
    return files, [(refusal.what, refusal.code) for refusal in refusals]


def everything_below(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_plain_members_are_unpacked_with_their_bytes(tmp_path):
    members = [("b/a.JPG", b"one"), ("c.JPG", b"two")]
    assert unpacked(tmp_path, members) == (["b/a.JPG", "c.JPG"], [])
    assert (tmp_path / "scratch/unpacked/b/a.JPG").read_bytes() == b"one"
    assert not (tmp_path / "scratch/unpacking").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("../a.JPG", "b/../../a.JPG", "/etc/a.JPG", "C:/a.JPG", "c:a.JPG", "./a.JPG"),
        *("..\\a.JPG", "b\\a.JPG", "\\\\host\\a.JPG", "b//a.JPG"),
    ],
)
def test_a_member_that_would_leave_the_folder_costs_only_itself(tmp_path, name):
    files, refusals = unpacked(tmp_path, [("good.JPG", b"x"), (name, b"evil")])
    assert files == ["good.JPG"]
    assert [code for _, code in refusals] == ["unsafe_path"]
    assert everything_below(tmp_path) == [
        *("scratch", "scratch/unpacked", "scratch/unpacked/good.JPG")
    ]


def test_a_link_member_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.JPG")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    files, refusals = unpacked(tmp_path, [(link, "/etc/passwd"), ("a.JPG", b"x")])
    assert files == ["a.JPG"]
    assert refusals == [("link.JPG", "unsafe_path")]


def test_a_member_that_inflates_too_far_is_a_bomb_and_leaves_no_file(tmp_path):
    members = [("bomb.JPG", bytes(20 << 20)), ("a.JPG", os.urandom(2000))]
    files, refusals = unpacked(tmp_path, members)
    assert files == ["a.JPG"]
    assert refusals == [("bomb.JPG", "bomb")]


def test_a_lie_about_the_size_is_found_while_inflating(tmp_path):
    data = bytearray(zip_of([("bomb.JPG", bytes(20 << 20))]).getvalue())
    for magic, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", data, data.index(magic) + offset, 100)
    _, refusals = unpack_zip(io.BytesIO(data), tmp_path, "batch.zip")
    assert [refusal.code for refusal in refusals] == ["unreadable"]
    assert everything_below(tmp_path) == ["unpacked"]


def test_more_members_than_the_cap_refuse_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(RefusedError) as caught:
        unpacked(tmp_path, [(f"{i}.JPG", b"x") for i in range(4)])
    assert caught.value.refusal.code == "too_large"


def test_more_bytes_than_the_cap_refuse_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1000)
    with pytest.raises(RefusedError) as caught:
        unpacked(tmp_path, [("a.JPG", os.urandom(600)), ("b.JPG", os.urandom(600))])
    assert caught.value.refusal.code == "bomb"
    assert not (tmp_path / "scratch/unpacked").exists()


def test_an_archive_in_the_archive_is_refused(tmp_path):
    inner = zip_of([("a.JPG", b"x")]).getvalue()
    files, refusals = unpacked(tmp_path, [("inner.JPG", inner), ("b.JPG", b"x")])
    assert files == ["b.JPG"]
    assert refusals == [("inner.JPG", "unknown_type")]


def test_an_encrypted_member_is_refused(tmp_path):
    data = bytearray(zip_of([("secret.JPG", b"x"), ("z.JPG", b"y")]).getvalue())
    for magic, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(magic) + offset] |= 1
    _, refusals = unpack_zip(io.BytesIO(data), tmp_path, "batch.zip")
    assert [(r.what, r.code) for r in refusals] == [("secret.JPG", "unreadable")]
    assert "encrypted" in refusals[0].value


def test_a_damaged_member_costs_only_itself(tmp_path):
    data = zip_of([("a.JPG", b"A" * 99), ("b.JPG", b"B" * 99)], compression=0)
    broken = data.getvalue().replace(b"A" * 99, b"A" * 98 + b"X")
    folder, refusals = unpack_zip(io.BytesIO(broken), tmp_path, "batch.zip")
    assert [(r.what, r.code) for r in refusals] == [("a.JPG", "unreadable")]
    assert everything_below(folder) == ["b.JPG"]


@pytest.mark.parametrize("cut", [10, 100, -10])
def test_a_cut_archive_is_refused_whole(tmp_path, cut):
    path = tmp_path / "batch.zip"
    path.write_bytes(zip_of([("a.JPG", os.urandom(300))]).getvalue()[:cut])
    files, refusals = list_batch(path, tmp_path / "scratch")
    assert files == ()
    assert [(r.what, r.code) for r in refusals] == [("batch.zip", "unreadable")]


def test_a_name_that_occurs_twice_keeps_the_first(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive_twice = zip_of([("a.JPG", b"one"), ("a.JPG", b"two")])
    folder, refusals = unpack_zip(archive_twice, tmp_path, "batch.zip")
    assert (folder / "a.JPG").read_bytes() == b"one"
    assert [(r.code, r.value) for r in refusals] == [("unsafe_path", "occurs twice")]


def test_names_of_old_windows_are_kept_as_japanese(tmp_path, write_picture):
    picture = write_picture(tmp_path / "a.JPG").read_bytes()
    stand_in = "XXXX.JPG"
    data = zip_of([(stand_in, picture)]).getvalue()
    name = "表橋.JPG".encode("cp932")
    path = tmp_path / "batch.zip"
    path.write_bytes(data.replace(stand_in.encode(), name))
    files, refusals = list_batch(path, tmp_path / "scratch")
    assert [file.name for file in files] == ["表橋.JPG"]
    assert refusals == ()
    assert files[0].path.read_bytes() == picture


def test_a_zip_with_one_folder_finds_its_batch_toml(tmp_path, write_picture):
    picture = write_picture(tmp_path / "a.JPG").read_bytes()
    path = tmp_path / "batch.zip"
    members = [("d/batch.toml", 'altitudes = "local"\n'), ("d/a.JPG", picture)]
    path.write_bytes(zip_of(members).getvalue())
    files, _ = list_batch(path, tmp_path / "scratch")
    assert [file.name for file in files] == ["d/a.JPG"]
    assert (batch_root(path, tmp_path / "scratch") / "d/batch.toml").is_file()


# Python's own writer cannot write a name that begins with NUL
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: name[0] != "\0")


@given(st.lists(NAMES, max_size=5, unique=True))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_members_are_called_nothing_leaves_the_folder(tmp_path, names):
    encodable = [n for n in names if n.encode("utf-8", "replace").decode() == n]
    members = [(name, b"x") for name in encodable]
    folder, refusals = unpack_zip(zip_of(members), tmp_path / "scratch", "batch.zip")
    written = [path for path in folder.rglob("*") if path.is_file()]
    folders = [name for name in encodable if name.endswith("/")]
    assert len(written) + len(refusals) + len(folders) >= len(members)
    assert os.listdir(tmp_path) == ["scratch"]  # noqa: PTH208 - names, not paths
    assert os.listdir(tmp_path / "scratch") == ["unpacked"]  # noqa: PTH208
