"""Arguments -> one function call -> exit code.

Every command is imported only when it is called, so that `karte --help` starts at once.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from data import errors
from pipelines.arguments import parser, with_drill_run
from pipelines.config import Config, IntakeOptions, read_config, store_path
from pipelines.outcome import ExitCode, Outcome, is_shortage

CODES: Mapping[type[errors.KarteError], ExitCode] = {
    errors.LedgerError: ExitCode.CORRUPT,
    errors.ResourceError: ExitCode.RESOURCES,
    errors.NothingUsableError: ExitCode.NOTHING_USABLE,
    errors.RefusedError: ExitCode.NOTHING_USABLE,
}
"""Exit code of an error of ours; all others are wrong usage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after `karte`; None takes those of the process.

    Returns:
        The exit code.
    """
    os.environ["PROJ_NETWORK"] = "OFF"
    words = sys.argv[1:] if arguments is None else arguments
    args = parser().parse_args(with_drill_run(words))
    try:
        outcome = _command(args)(args)
        _show(args, outcome)
    except errors.KarteError as error:
        return _fail(args, str(error), _code_of(error))
    except MemoryError:
        return _fail(args, "out of memory; free some and try again", ExitCode.RESOURCES)
    except BrokenPipeError:  # whoever read our answer has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        if not is_shortage(error):
            raise
        return _fail(args, f"{error.strerror}; free some", ExitCode.RESOURCES)
    except KeyboardInterrupt:
        return _fail(
            args, "interrupted; the same command goes on", ExitCode.INTERRUPTED
        )
    return int(outcome.code)


def _code_of(error: errors.KarteError) -> ExitCode:
    for kind, code in CODES.items():
        if isinstance(error, kind):
            return code
    return ExitCode.USAGE


def _fail(args: argparse.Namespace, message: str, code: ExitCode) -> int:
    if args.json:
        sys.stdout.write(json.dumps({"error": message, "exit": code}) + "\n")
    sys.stderr.write(f"karte {args.command}: {message}\n")
    return int(code)


def _show(args: argparse.Namespace, outcome: Outcome) -> None:
    if args.json:
        text = json.dumps(outcome.data, ensure_ascii=False, indent=2, sort_keys=True)
    else:
        text = "\n".join(outcome.lines)
    sys.stdout.write(text + "\n" if text else "")
    sys.stdout.flush()


def _store(args: argparse.Namespace) -> Path:
    return store_path(args.store)


def _config(args: argparse.Namespace) -> Config:
    return read_config(args.config, store=_store(args))


def _demo(args: argparse.Namespace) -> Outcome:
    from pipelines.demo import demo

    return demo(args.out, workers=args.workers or 2)


def _now(args: argparse.Namespace) -> Outcome:
    from pipelines.now import now

    return now(_store(args), args.operation, at=datetime.now(UTC))


def _event(args: argparse.Namespace) -> Outcome:
    from pipelines import event, event_list, event_rulings

    store, now = _store(args), datetime.now(UTC)
    if args.action == "open":
        opened = event.open_messages(
            store,
            args.files,
            real=args.real,
            actor=args.actor,
            operation=args.operation,
            averaging=args.averaging,
            now=now,
        )
        return _announced(args, opened) if args.announce else opened
    if args.action == "merge":
        return event_rulings.merge_events(
            store, args.first, args.second, actor=args.actor, at=now, undo=args.undo
        )
    if args.action == "release":
        return event_rulings.release_operation(
            store, args.operation, actor=args.actor, at=now
        )
    if args.action == "show":
        return event_list.show_operation(store, args.operation)
    return event_list.list_operations(store)


def _announced(args: argparse.Namespace, opened: Outcome) -> Outcome:
    from pipelines.flows import announce_opened

    return announce_opened(opened, _store(args))


def _inventory(args: argparse.Namespace) -> Outcome:
    from pipelines import holdings, merges

    if args.action == "import":
        return holdings.import_inventory(
            _store(args),
            args.file,
            kind=args.kind,
            mapping=args.mapping,
            suggest=args.suggest,
        )
    if args.action == "merges":
        return merges.list_merges(_store(args))
    if args.action == "unmerge":
        return merges.unmerge(
            _store(args),
            args.asset,
            actor=args.actor,
            at=datetime.now(UTC),
            reason=args.reason,
        )
    return holdings.list_inventories(_store(args))


def _layer(args: argparse.Namespace) -> Outcome:
    from data.hazard_layer import LayerKind
    from pipelines import layers

    store = _store(args)
    if args.action == "import":
        request = layers.LayerRequest(
            file=args.file,
            kind=LayerKind(args.kind),
            actor=args.actor,
            credit=args.credit,
        )
        return layers.import_layer(store, args.operation, request)
    if args.action == "withdraw":
        return layers.withdraw_layer(
            store, args.operation, args.layer, actor=args.actor, reason=args.reason
        )
    return layers.list_layers(store, args.operation)


def _plan(args: argparse.Namespace) -> Outcome:
    from pipelines.editions import write_lists

    if args.lists is None:
        return _publish(args)
    return write_lists(
        _store(args), args.operation, _config(args), args.lists, as_of=args.as_of
    )


def _publish(args: argparse.Namespace) -> Outcome:
    from pipelines.editions import publish

    return publish(_store(args), args.operation, _config(args), as_of=args.as_of)


def _export(args: argparse.Namespace) -> Outcome:
    from pipelines.export import ExportRequest, export

    request = ExportRequest(
        form=args.format,
        out=args.out,
        audience=args.audience,
        edition=args.edition,
        since=args.since,
        after=args.after,
    )
    return export(_store(args), args.operation, request)


def _watch(args: argparse.Namespace) -> Outcome:
    from pipelines.watch import watch

    def tell(line: str) -> None:
        text = json.dumps({"said": line}, ensure_ascii=False) if args.json else line
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    return watch(_store(args), args.directory, _config(args), tell=tell)


def _intake_options(args: argparse.Namespace) -> IntakeOptions:
    return IntakeOptions(
        terrain=args.terrain,
        terrain_heights=args.terrain_heights,
        altitudes=args.altitudes,
        time_zone=args.time_zone,
        clock_offset_s=args.clock_offset,
        flown_after=args.flown_after,
        poses=args.poses,
        actor=args.actor,
    )


def _ingest(args: argparse.Namespace) -> Outcome:
    from pipelines.ingest import ingest

    return ingest(
        _store(args),
        args.operation,
        args.paths,
        _intake_options(args),
        _config(args),
        now=datetime.now(UTC),
    )


def _assess(args: argparse.Namespace) -> Outcome:
    from pipelines.assess import Running, assess

    config = _config(args)
    running = Running(
        now=datetime.now(UTC),
        as_of=args.as_of,
        workers=args.workers or config.workers,
        publishing=not args.no_publish,
        every_s=config.publish_every_s,
    )
    options = _intake_options(args)
    return assess(_store(args), args.operation, args.paths, options, config, running)


def _serve(args: argparse.Namespace) -> Outcome:
    from pipelines.serve import serve

    serve(args.directory or _store(args), port=args.port)
    return Outcome(ExitCode.DONE, ())


def _explain(args: argparse.Namespace) -> Outcome:
    from pipelines.explain import explain

    return explain(
        _store(args),
        args.operation,
        args.asset,
        _config(args),
        figures=args.figures,
    )


def _verify(args: argparse.Namespace) -> Outcome:
    from pipelines.verify import verify

    return verify(args.path)


def _doctor(args: argparse.Namespace) -> Outcome:
    from pipelines.doctor import doctor

    return doctor(_store(args))


def _review(args: argparse.Namespace) -> Outcome:
    from pipelines.review import ReviewRequest, review

    action = next(
        (name for name in ("accept", "correct", "reject") if getattr(args, name)), None
    )
    request = None
    if action is not None:
        request = ReviewRequest(
            action=action,
            asset_id=getattr(args, action),
            grade=args.grade,
            actor=args.actor,
            role=args.role,
            method=args.method,
            reason=args.reason,
            at=args.at or datetime.now(UTC),
        )
    return review(_store(args), args.operation, request, _config(args))


def _georeference(args: argparse.Namespace) -> Outcome:
    from pipelines.georeference import georeference_file

    return georeference_file(
        args.frame,
        args.pixels,
        args.out,
        terrain=args.terrain,
        terrain_heights=args.terrain_heights,
        altitudes=args.altitudes,
        poses=args.poses,
        crs=args.crs,
    )


def _segment(args: argparse.Namespace) -> Outcome:
    from pipelines.segment import segment_command

    return segment_command(args.images, args.out, model_id=args.model, gsd_m=args.gsd)


def _model(args: argparse.Namespace) -> Outcome:
    from pipelines import model

    if args.action == "train":
        return model.train_command(args.training, args.out)
    if args.action == "evaluate":
        return model.evaluate_command(
            args.folders[0] if args.folders else None,
            model_id=args.model,
            others=args.folders[1:],
            beside=args.beside,
            out=args.out,
        )
    if args.action == "card":
        return model.card_command(args.model)
    return model.list_command()


def _shaking(args: argparse.Namespace) -> Outcome:
    from pipelines.shaking_check import check

    return check(args.telegram, _config(args))


def _drill(args: argparse.Namespace) -> Outcome:
    from pipelines.drill import command

    if args.action == "tiles":
        return command.tiles(args.out, count=args.count, seed=args.seed)
    if args.action == "table":
        return command.table(args.folder, args.out)
    if args.action == "run":
        return command.run(
            args.out,
            None if args.all else args.scenario,
            seeds=args.seed,
            workers=args.workers,
        )
    return command.batch(args.out, args.scenario)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], Outcome]] = {
    "demo": _demo,
    "now": _now,
    "event": _event,
    "inventory": _inventory,
    "layer": _layer,
    "plan": _plan,
    "watch": _watch,
    "ingest": _ingest,
    "assess": _assess,
    "publish": _publish,
    "export": _export,
    "serve": _serve,
    "explain": _explain,
    "verify": _verify,
    "doctor": _doctor,
    "review": _review,
    "georeference": _georeference,
    "segment": _segment,
    "model": _model,
    "shaking": _shaking,
    "drill": _drill,
}


def _command(args: argparse.Namespace) -> Callable[[argparse.Namespace], Outcome]:
    return COMMANDS[args.command]
