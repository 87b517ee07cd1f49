"""A forked child leaves the parent's spool alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from pathlib import Path
from argus_otel.history.row import Row
from argus_otel.history.record.spool import Spool

directory = Path(sys.argv[1])
spool = Spool(directory, 1 << 20)
row = Row(time=1, event="e", event_id="0" * 32, service="s")
spool.append([row])
spool.close()
spool.append([row])  # into a segment that is still open
(claimed,) = spool.claim()
ready, go = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    spool.drop_in_child()
    os.write(ready[1], b"x")
    os.close(go[1])
    os.read(go[0], 1)  # until the parent has ended
    os._exit(0)
os.read(ready[0], 1)
print(len(list(Spool(directory, 1 << 20).claim())), flush=True)  # both are the parent's
claimed.leave()
spool.close()
print(len(list(Spool(directory, 1 << 20).claim())))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_segments_are_locked_for_as_long_as_the_parent_has_them(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["0", "2"], done.stderr
