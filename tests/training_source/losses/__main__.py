"""``python -m tests.training_source.losses [WORD]``: print the table of losses, of cases with a word in the name."""

import sys
import tempfile
from pathlib import Path

from .cases import CASES, run_case, table

with tempfile.TemporaryDirectory() as directory:
    chosen = [case for case in CASES if all(word in case.name for word in sys.argv[1:])]
    for line in table(run_case(case, Path(directory) / str(number)) for number, case in enumerate(chosen)):
        print(line, flush=True)
