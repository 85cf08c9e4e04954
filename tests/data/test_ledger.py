"""The ledger does a thing once, loses nothing, and shows what was changed."""

import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from data.audit import broken_link
from data.errors import LedgerError, ResourceError
from data.ledger import Ledger, content_key

NOTE = {"did": "test"}


def test_an_entry_is_written_once_and_never_changed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.record([("read", "k", b"first")], note=NOTE) == 1
        assert ledger.record([("read", "k", b"second")], note=NOTE) == 0
        assert ledger.get("read", "k") == b"first"
        assert len(ledger.audit()) == 1


def test_a_chunk_is_whole_or_not_at_all(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(LedgerError, match="no stage"):
            ledger.record([("read", "k", b""), ("nonsense", "k", b"")], note=NOTE)
        assert ledger.all("read") == {}


def test_entries_come_back_in_order_of_their_keys(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record([("read", k, k.encode()) for k in ("c", "a", "b")], note=NOTE)
        assert list(ledger.all("read")) == ["a", "b", "c"]
        assert ledger.known("read", ["a", "z"]) == {"a"}


def test_only_settings_and_frames_may_be_replaced(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.replace([("setting", "terrain", b"1")], note=NOTE) == 1
        assert ledger.replace([("setting", "terrain", b"2")], note=NOTE) == 1
        assert ledger.replace([("setting", "terrain", b"2")], note=NOTE) == 0
        assert ledger.get("setting", "terrain") == b"2"
        assert len(ledger.audit()) == 2
        with pytest.raises(LedgerError, match="never changed"):
            ledger.replace([("read", "k", b"")], note=NOTE)


def test_a_changed_audit_link_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        for number in range(4):
            ledger.record([("read", str(number), b"")], note=NOTE)
        assert broken_link(ledger.audit()) is None
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE audit SET what = '{}' WHERE number = 2")
    connection.close()
    with Ledger(path) as ledger:
        assert broken_link(ledger.audit()) == 2


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, not a database, not a database" * 100)
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(path)


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.none(), min_size=2),
)
def test_a_content_key_does_not_depend_on_the_order_of_names(
    parts: dict[str, object],
) -> None:
    turned = dict(reversed(parts.items()))
    assert content_key(parts) == content_key(turned)
    assert content_key(parts) != content_key(json.dumps(parts))


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record([("read", "k", b"")], note=NOTE)
        with ledger._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        sa.event.listen(
            ledger._engine,
            "connect",
            lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}"),
        )
        ledger._engine.dispose()
        with pytest.raises(ResourceError, match="full"):
            ledger.record([("read", "large", bytes(1 << 20))], note=NOTE)
        assert ledger.known("read", ["k", "large"]) == {"k"}
