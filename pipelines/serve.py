"""The map page and its editions over HTTP, for browsers on this machine."""

import errno
import ipaddress
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from data.edition import Latest, sha256_of
from data.errors import LedgerError, ResourceError, UsageError
from data.store import ROOTS
from pipelines.edition_folder import LATEST_NAME, read_latest, read_manifest

DEFAULT_PORT = 8420
_LOOPBACK = "127.0.0.1"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".gz": "application/gzip",
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""unsafe-inline: MapLibre sets styles on its own elements; no script is inline."""
_EDITION_PATH = re.compile(r"editions/\d{6}/.+")
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Served:
    """One operation whose editions are served.

    Attributes:
        key: Its place below /o/, such as drill/OPERATION.
        folder: STORE/{real,drill}/OPERATION.
    """

    key: str
    folder: Path
    latest: Latest
    drill: bool


@dataclass(frozen=True)
class Answer:
    """What a request gets; `path` is a file to send, or None for `body`."""

    status: HTTPStatus
    content_type: str
    cache: str
    body: bytes = b""
    path: Path | None = None


def served_operations(place: Path) -> tuple[Served, ...]:
    """The operations with an edition: real before drills, then the newest first.

    Args:
        place: A store, the folder of an operation, or the folder of an edition.
    """
    found = []
    for folder in _operation_folders(place):
        latest = read_latest(folder)
        if latest is not None:
            drill = _is_drill(folder / latest.path, latest.sha256)
            key = f"{ROOTS[drill]}/{latest.operation}"
            found.append(Served(key, folder, latest, drill))
    found.sort(key=lambda one: (one.latest.as_of, one.key), reverse=True)
    return tuple(sorted(found, key=lambda one: one.drill))


@lru_cache(maxsize=64)
def _is_drill(edition: Path, _manifest_sha256: str) -> bool:
    """Read once an edition: a national manifest names 150,000 tiles."""
    return read_manifest(edition).info.drill


def _operation_folders(place: Path) -> list[Path]:
    if (place / LATEST_NAME).exists():
        return [place]
    if place.parent.name == "editions":
        return [place.parent.parent]
    roots = (place / name for name in ROOTS)
    return sorted(child for root in roots if root.is_dir() for child in root.iterdir())


def answer(place: Path, target: str) -> Answer:
    """What GET `target` gets.

    Args:
        place: As `served_operations` takes it.
        target: Path and query of the request, as sent.
    """
    path = unquote(urlsplit(target).path)
    parts = PurePosixPath(path).parts[1:]
    if "\0" in path or "\\" in path or ".." in parts:
        return _missing(path)
    if parts[:1] in (("latest",), ("latest.json",), ("operations.json",), ("o",)):
        return _edition_answer(place, path, parts)
    return _page_answer(path, parts)


def _edition_answer(place: Path, path: str, parts: tuple[str, ...]) -> Answer:
    try:
        operations = served_operations(place)
    except LedgerError as error:
        return _json({"error": str(error)}, HTTPStatus.INTERNAL_SERVER_ERROR)
    if parts == ("operations.json",):
        return _json([_described(one) for one in operations])
    if parts[0] == "o":
        key, parts = "/".join(parts[1:3]), parts[3:]
        operations = tuple(one for one in operations if one.key == key)
    if not operations:
        return _missing(path)
    return _file_of(operations[0], path, parts)


def _file_of(one: Served, path: str, parts: tuple[str, ...]) -> Answer:
    """A file of an operation: the pointer, or anything inside an edition."""
    name = "/".join(parts)
    if name == LATEST_NAME:
        return _file(one.folder, one.folder / name, path, cache="no-cache")
    if parts[:1] == ("latest",):
        edition = one.folder / one.latest.path
        return _file(edition, edition.joinpath(*parts[1:]), path, cache="no-cache")
    if _EDITION_PATH.fullmatch(name):
        return _file(one.folder / "editions", one.folder / name, path, cache=_FOREVER)
    return _missing(path)


def _page_answer(path: str, parts: tuple[str, ...]) -> Answer:
    page = Path(str(files("pipelines") / "web"))
    file = page.joinpath(*parts) if parts else page / "index.html"
    return _file(page, file, path, cache="no-cache")


def _file(inside: Path, file: Path, path: str, *, cache: str) -> Answer:
    """A regular file, if it truly lies `inside` that folder."""
    real = file.resolve()
    if not real.is_file() or not real.is_relative_to(inside.resolve()):
        return _missing(path)
    kind = _TYPES.get(real.suffix, "application/octet-stream")
    return Answer(HTTPStatus.OK, kind, cache, path=real)


def _described(one: Served) -> Mapping[str, object]:
    return {
        "path": f"o/{one.key}/",
        "operation": one.latest.operation,
        "drill": one.drill,
        "edition": one.latest.edition,
        "as_of": one.latest.as_of.isoformat(),
    }


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    body = json.dumps(value, sort_keys=True).encode()
    return Answer(status, _TYPES[".json"], "no-cache", body=body)


def _missing(path: str) -> Answer:
    return _json({"error": "not found", "path": path}, HTTPStatus.NOT_FOUND)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD; knows nothing that `answer` does not."""

    server_version = "karte"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def __init__(self, place: Path, *rest: object) -> None:
        self._place = place
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 overrides
        """Keep quiet: the page asks for many tiles."""

    def _send(self, *, with_body: bool) -> None:
        found = answer(self._place, self.path)
        tag, size = _tag(found)
        known = self.headers.get("If-None-Match") == tag
        same = known and found.status is HTTPStatus.OK
        self.send_response(HTTPStatus.NOT_MODIFIED if same else found.status)
        self.send_header("ETag", tag)
        self.send_header("Cache-Control", found.cache)
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        if not same:
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(size))
        self.end_headers()
        if with_body and not same:
            self._send_body(found)

    def _send_body(self, found: Answer) -> None:
        if found.path is None:
            self.wfile.write(found.body)
            return
        with found.path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)


def _tag(found: Answer) -> tuple[str, int]:
    """ETag and size in bytes; a file of an edition never changes under its time."""
    if found.path is None:
        return f'"{sha256_of(found.body)[:32]}"', len(found.body)
    status = found.path.stat()
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"', status.st_size


def make_server(
    place: Path,
    host: str = _LOOPBACK,
    port: int = DEFAULT_PORT,
    *,
    beyond_loopback: bool = False,
) -> ThreadingHTTPServer:
    """A server that is bound but not yet running; port 0 takes a free one.

    Args:
        place: A store, the folder of an operation, or the folder of an edition.
        host: Address to bind.
        port: Port to bind.
        beyond_loopback: Whether other machines may connect: there is no login.

    Raises:
        UsageError: If there is nothing to serve, or the address is not loopback.
        ResourceError: If the port is taken.
    """
    if not beyond_loopback and not _is_loopback(host):
        raise UsageError(
            f"host {host}: anyone on the network could read the map; "
            f"use {_LOOPBACK}, or allow it expressly"
        )
    if not served_operations(place):
        raise UsageError(f"{place}: no edition here; run `karte plan` or `karte demo`")
    try:
        return ThreadingHTTPServer((host, port), partial(_Handler, place))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ResourceError(
            f"port {port}: {error.strerror}; give another with --port"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(
    place: Path,
    host: str = _LOOPBACK,
    port: int = DEFAULT_PORT,
    *,
    beyond_loopback: bool = False,
) -> None:
    """Serve until interrupted; arguments and errors as `make_server`."""
    with make_server(place, host, port, beyond_loopback=beyond_loopback) as server:
        server.serve_forever()
