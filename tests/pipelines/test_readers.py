"""A second process reads while editions are published: nothing is torn or mixed."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.edition_folder import next_number
from pipelines.publish import write_edition

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
READER = """
import hashlib, json, sys, time
from pathlib import Path
root, torn, numbers = Path(sys.argv[1]), 0, []
for _ in range(1000):
    time.sleep(0.01)
    latest = json.loads((root / "latest.json").read_bytes())
    folder = root / latest["path"]
    manifest = (folder / "manifest.json").read_bytes()
    torn += hashlib.sha256(manifest).hexdigest() != latest["sha256"]
    whole = (folder / "map.geojson").read_bytes()
    known = {f["path"]: f["sha256"] for f in json.loads(manifest)["files"]}
    torn += hashlib.sha256(whole).hexdigest() != known["map.geojson"]
    found = {f["properties"]["edition"] for f in json.loads(whole)["features"]}
    torn += found != {latest["edition"]}
    numbers.append(latest["edition"])
print(json.dumps({"torn": torn, "numbers": sorted(set(numbers))}))
"""


@pytest.mark.slow
def test_a_thousand_reads_during_publications_find_nothing_torn(tmp_path):
    assets, beliefs = CASES["random_map"](3)

    def publish():
        about = CASES["info"](next_number(tmp_path))
        write_edition(tmp_path, about, assets=assets, beliefs=beliefs)

    publish()
    command = [sys.executable, "-c", READER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        while reader.poll() is None:
            publish()
        found = json.loads(reader.stdout.read())
    assert found["torn"] == 0
    assert len(found["numbers"]) > 1, "no edition appeared while it read"
