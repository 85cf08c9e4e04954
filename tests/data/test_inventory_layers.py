"""Shapefiles, in folders and zips, with the encodings and faults of owners."""

import zipfile

import geopandas
import pytest
import shapely
from shapely import LineString, Point

from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.inventory import read_sources
from data.refusals import RefusalCode

NAME = "第二新橋"


def shapefile(folder, *shapes, encoding="cp932", cpg=False, crs="EPSG:6677"):
    """A Shapefile as older programs write it: no .cpg, names of ten bytes."""
    folder.mkdir(exist_ok=True)
    frame = geopandas.GeoDataFrame(
        {"id": [f"B{n}" for n in range(len(shapes))], "name": [NAME] * len(shapes)},
        geometry=list(shapes),
        crs=crs,
    )
    path = folder / "bridges.shp"
    frame.to_file(path, encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    return path


def zipped(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(folder.iterdir()):
            archive.write(one, f"橋梁/{one.name}")
    return path


def sources_of(path):
    return list(read_sources(path, ColumnMapping()))


def refusal_of(path):
    with pytest.raises(RefusedError) as caught:
        sources_of(path)
    assert caught.value.refusal.remedy
    return caught.value.refusal


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
@pytest.mark.parametrize("cpg", [True, False])
def test_the_names_of_a_shapefile_are_read_with_and_without_a_cpg(
    tmp_path, encoding, cpg
):
    path = shapefile(tmp_path / "a", Point(0, 0), encoding=encoding, cpg=cpg)
    (source,) = sources_of(path)
    assert source.columns["name"] == [NAME]
    assert "6677" in source.crs[0]
    assert source.geometry[0].equals(Point(0, 0))


def test_a_folder_and_a_zip_hold_the_same_rows(tmp_path):
    shapes = [Point(0, 0), Point(1, 1)]
    folder = shapefile(tmp_path / "a", *shapes).parent
    for path in (folder, zipped(folder)):
        (source,) = sources_of(path)
        assert source.name == f"{path.name}:bridges"
        assert source.columns["id"] == ["B0", "B1"]
        assert source.where(1).endswith("row 2")


def test_lines_with_heights_are_read(tmp_path):
    line = LineString([(0, 0, 5), (10, 0, 6)])
    (source,) = sources_of(shapefile(tmp_path / "a", line))
    assert shapely.force_2d(source.geometry[0]).length == 10


def test_a_folder_or_zip_without_a_shapefile_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "readme.txt").write_text("no shape")
    assert refusal_of(tmp_path / "a").code is RefusalCode.NOT_A_FILE
    assert refusal_of(zipped(tmp_path / "a")).code is RefusalCode.NOT_A_FILE


def test_a_shapefile_that_is_another_thing_is_not_opened(tmp_path):
    path = tmp_path / "a.shp"
    path.write_text("<OGRVRTDataSource/>")
    assert refusal_of(path).code is RefusalCode.UNKNOWN_TYPE


def test_of_a_shapefile_cut_short_no_row_has_a_place(tmp_path):
    path = shapefile(tmp_path / "a", Point(0, 0), Point(1, 1))
    path.write_bytes(path.read_bytes()[:110])
    assert [one for source in sources_of(path) for one in source.geometry] == [None] * 2


def test_a_zip_that_climbs_out_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../a.shp", b"\x00\x00\x27\x0a")
    assert refusal_of(path).code is RefusalCode.UNSAFE_PATH
    assert not (tmp_path.parent / "a.shp").exists()


def test_a_zip_bomb_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * (64 << 20))
    assert refusal_of(path).code is RefusalCode.BOMB
