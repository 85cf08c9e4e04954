"""The arguments of every command: what may be said, and what it means."""

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from data.audience import AUDIENCES
from data.feeds.tracks import Averaging
from data.imagery import VerticalDatum

EXPORT_FORMATS = ("geojson", "gsi", "gpkg", "fgb", "parquet", "csv", "pmtiles")
DRILL_RUN = "run"
DRILL_ACTIONS = (DRILL_RUN, "tiles", "batch", "table")


def instant(text: str) -> datetime:
    """A time with its zone, for argparse.

    >>> instant("2026-11-05T09:10:00+09:00").isoformat()
    '2026-11-05T09:10:00+09:00'
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from error
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: add +09:00 or Z")
    return value


def processes(text: str) -> int:
    """How many processes, for argparse: a whole number from 1.

    >>> processes("2")
    2
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--store", metavar="DIR", help="default: ./karte-store")
    common.add_argument("--config", type=Path, metavar="FILE")
    common.add_argument("--as-of", type=instant, metavar="TIME")
    common.add_argument("--actor", metavar="NAME", help="who decides")
    common.add_argument("--json", action="store_true", help="print JSON")
    return common


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="karte",
        description="The health map of bridges, dams and power lines after a disaster.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = _common()

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    demo = command("demo", "the sample batch, end to end")
    demo.add_argument("--out", type=Path, default=Path("karte-demo"), metavar="DIR")
    demo.add_argument("--workers", type=processes, metavar="N")
    now = command("now", "one screen: what happened and what is next")
    now.add_argument("operation", nargs="?", default="latest")
    _add_event(commands, common)
    _add_inventory(commands, common)
    _add_layer(commands, common)
    plan = command("plan", "expected map and ranked inspection lists")
    plan.add_argument("operation")
    plan.add_argument(
        "--lists",
        type=Path,
        metavar="DIR",
        help="only map.parquet and lists, no edition",
    )
    watch = command("watch", "telegrams dropped into a folder become maps")
    watch.add_argument("directory", type=Path, metavar="DIR")
    _add_ingest(command("ingest", "pictures in"))
    assess = command("assess", "look, place, believe, publish; resumable")
    assess.add_argument("--no-publish", action="store_true")
    assess.add_argument("--workers", type=processes, metavar="N")
    _add_ingest(assess, paths="*")
    publish = command("publish", "a new edition of what the ledger holds")
    publish.add_argument("operation")
    _add_export(command("export", "an edition as one file, or what changed"))
    serve = command("serve", "show the map on this machine")
    serve.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    serve.add_argument("--port", type=int, default=8420)
    explain = command("explain", "from hypocentre to grade, with sources")
    explain.add_argument("asset")
    explain.add_argument("--operation", default="latest")
    explain.add_argument("--figures", type=Path, metavar="OUT", help="folder of PNGs")
    verify = command("verify", "is anything changed?")
    verify.add_argument("path", type=Path)
    command("doctor", "what works on this machine, and what is missing")
    _add_review(command("review", "the queue; accept, correct, reject"))
    _add_georeference(command("georeference", "pixels of a picture to the ground"))
    segment = command("segment", "pictures to masks of damage and component")
    segment.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    segment.add_argument("--out", type=Path, required=True, metavar="DIR")
    segment.add_argument("--model", metavar="ID")
    segment.add_argument("--gsd", type=float, metavar="METRES")
    _add_model(commands, common)
    _add_shaking(commands, common)
    _add_drill(commands, common)
    return top


def _add_event(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    event = commands.add_parser("event", help="telegrams and hand-made events")
    actions = event.add_subparsers(dest="action", required=True, metavar="ACTION")
    opening = actions.add_parser("open", parents=[common])
    opening.add_argument("files", nargs="+", type=Path, metavar="FILE")
    opening.add_argument("--real", action="store_true", help="no drill; needs --actor")
    opening.add_argument(
        "--announce", action="store_true", help="tell the Prefect server, which plans"
    )
    opening.add_argument(
        "--operation", metavar="OPERATION", help="join one that is open"
    )
    opening.add_argument(
        "--averaging",
        type=Averaging,
        choices=list(Averaging),
        help="of the winds of a track",
    )
    actions.add_parser("list", parents=[common])
    merging = actions.add_parser("merge", parents=[common])
    merging.add_argument("first", metavar="EVENT", help="keeps its id")
    merging.add_argument("second", metavar="SAME_QUAKE")
    merging.add_argument("--undo", action="store_true", help="two quakes again")
    releasing = actions.add_parser("release", parents=[common])
    releasing.add_argument("operation")
    show = actions.add_parser("show", parents=[common])
    show.add_argument("operation", nargs="?", default="latest")


def _add_inventory(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    inventory = commands.add_parser("inventory", help="what owners have")
    actions = inventory.add_subparsers(dest="action", required=True, metavar="ACTION")
    importing = actions.add_parser("import", parents=[common])
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--kind")
    importing.add_argument("--mapping", type=Path, metavar="FILE")
    importing.add_argument("--suggest", action="store_true")
    actions.add_parser("list", parents=[common])
    actions.add_parser("merges", parents=[common])
    apart = actions.add_parser("unmerge", parents=[common])
    apart.add_argument("asset", metavar="ID")
    apart.add_argument("--reason", metavar="TEXT")


def _add_layer(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    layer = commands.add_parser("layer", help="where the ground slid or flooded")
    actions = layer.add_subparsers(dest="action", required=True, metavar="ACTION")
    importing = actions.add_parser("import", parents=[common])
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--operation", default="latest")
    importing.add_argument(
        "--kind", required=True, choices=("landslide", "flood", "liquefaction")
    )
    importing.add_argument("--credit", metavar="TEXT", help="whom to name as source")
    listing = actions.add_parser("list", parents=[common])
    listing.add_argument("operation", nargs="?", default="latest")
    gone = actions.add_parser("withdraw", parents=[common])
    gone.add_argument("layer", metavar="KEY")
    gone.add_argument("--operation", default="latest")
    gone.add_argument("--reason")


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument("operation", help="id, latest, or the folder of an edition")
    command.add_argument("--format", choices=EXPORT_FORMATS, default="geojson")
    command.add_argument("--out", type=Path, required=True, metavar="FILE")
    command.add_argument("--audience", choices=AUDIENCES, default="agency")
    command.add_argument("--edition", type=int, metavar="N", help="default: the newest")
    command.add_argument(
        "--since", type=int, metavar="N", help="only what changed; JSON lines, gzip"
    )
    command.add_argument(
        "--after", type=int, default=0, metavar="LINE", help="go on after a cut"
    )


def _add_ingest(command: argparse.ArgumentParser, *, paths: str = "+") -> None:
    command.add_argument("operation")
    command.add_argument("paths", nargs=paths, type=Path, metavar="PATH")
    command.add_argument("--terrain", type=Path, metavar="DEM")
    command.add_argument(
        "--terrain-heights", type=VerticalDatum, choices=list(VerticalDatum)
    )
    command.add_argument("--altitudes", type=VerticalDatum, choices=list(VerticalDatum))
    command.add_argument("--time-zone", metavar="ZONE")
    command.add_argument("--clock-offset", type=float, metavar="S")
    command.add_argument("--flown-after", type=instant, metavar="T")
    _add_poses(command)


def _add_poses(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--poses",
        type=Path,
        metavar="FILE",
        help="solved poses: CSV, reconstruction.json, shots.geojson, cameras.json,"
        " COLMAP's text model, or a gcp_list.txt",
    )


def _add_review(command: argparse.ArgumentParser) -> None:
    command.add_argument("operation")
    decision = command.add_mutually_exclusive_group()
    decision.add_argument("--accept", metavar="ASSET")
    decision.add_argument("--correct", metavar="ASSET")
    decision.add_argument("--reject", metavar="ASSET")
    command.add_argument("--grade", choices=("NA", "D0", "D1", "D2", "D3", "D4"))
    command.add_argument("--reason")
    command.add_argument("--role", default="inspector")
    command.add_argument(
        "--method", choices=("onsite", "image", "document"), default="image"
    )
    command.add_argument("--at", type=instant, metavar="TIME")


def _add_georeference(command: argparse.ArgumentParser) -> None:
    command.add_argument("frame", type=Path, metavar="FRAME")
    command.add_argument("--pixels", type=Path, required=True, metavar="CSV")
    command.add_argument("--out", type=Path, required=True, metavar="CSV")
    command.add_argument("--terrain", type=Path, metavar="DEM")
    command.add_argument(
        "--terrain-heights", type=VerticalDatum, choices=list(VerticalDatum)
    )
    command.add_argument("--altitudes", type=VerticalDatum, choices=list(VerticalDatum))
    _add_poses(command)
    command.add_argument("--crs", metavar="EPSG:N")


def _add_model(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    model = commands.add_parser("model", help="train, evaluate, show weights")
    actions = model.add_subparsers(dest="action", required=True, metavar="ACTION")
    training = actions.add_parser("train", parents=[common])
    training.add_argument("--training", type=Path, metavar="TOML")
    training.add_argument("--out", type=Path, required=True, metavar="DIR")
    evaluating = actions.add_parser("evaluate", parents=[common])
    evaluating.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    evaluating.add_argument("--model", metavar="ID")
    evaluating.add_argument("--beside", metavar="ID", help="other weights to judge too")
    evaluating.add_argument("--out", type=Path, metavar="DIR", help="JSON and figures")
    card = actions.add_parser("card", parents=[common])
    card.add_argument("model", nargs="?", metavar="ID")
    actions.add_parser("list", parents=[common])


def _add_shaking(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    shaking = commands.add_parser("shaking", help="the field against what was observed")
    actions = shaking.add_subparsers(dest="action", required=True, metavar="ACTION")
    checking = actions.add_parser("check", parents=[common])
    checking.add_argument("telegram", type=Path, metavar="TELEGRAM")


def with_drill_run(words: Sequence[str]) -> list[str]:
    """`karte drill SCENARIO` is short for `karte drill run SCENARIO`.

    >>> with_drill_run(["drill", "inland_m7", "--seed", "7"])
    ['drill', 'run', 'inland_m7', '--seed', '7']
    """
    head, rest = list(words[:1]), list(words[1:])
    if head == ["drill"] and rest and rest[0] not in (*DRILL_ACTIONS, "-h", "--help"):
        return [*head, DRILL_RUN, *rest]
    return [*head, *rest]


def _add_drill(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
) -> None:
    drill = commands.add_parser("drill", help="made-up disasters with known truth")
    actions = drill.add_subparsers(dest="action", required=True, metavar="ACTION")
    tiles = actions.add_parser("tiles", parents=[common])
    tiles.add_argument("out", type=Path, metavar="OUT")
    tiles.add_argument("--count", type=int, default=400)
    tiles.add_argument("--seed", type=int, default=10_000)
    batch = actions.add_parser("batch", parents=[common])
    batch.add_argument("out", type=Path, metavar="OUT")
    batch.add_argument("--scenario", type=Path, metavar="TOML")
    table = actions.add_parser("table", parents=[common], help="of readiness reports")
    table.add_argument("folder", type=Path, metavar="DIR")
    table.add_argument("--out", type=Path, metavar="FILE", help="Markdown")
    run = actions.add_parser(DRILL_RUN, parents=[common], help="scores itself")
    which = run.add_mutually_exclusive_group(required=True)
    which.add_argument("scenario", nargs="?", metavar="SCENARIO", help="name or TOML")
    which.add_argument("--all", action="store_true", help="every one that we know")
    run.add_argument("--seed", type=int, nargs="+", default=[1], metavar="N")
    run.add_argument("--out", type=Path, metavar="DIR")
    run.add_argument("--workers", type=processes, default=2, metavar="N")
