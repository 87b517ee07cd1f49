"""The agent's process: ``argus-otel training agent`` starts it with the path of its file.

It is observed as any other program is: ``argus-otel run -m argus_otel.sources.training.agent.agent_process FILE``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from argus_otel.settings import Settings
from argus_otel.sources.training import placed

from .agent_file import read
from .assembly import assembled
from .journal import Journal


def main() -> None:
    """Work until a signal ends the process."""
    config = read(Path(sys.argv[1]))
    journal = Journal(config.state)
    journal.open()
    agent = assembled(config, journal, Settings.resolve(), placed.activated())
    try:
        agent.run()
    except KeyboardInterrupt:
        agent.stop()
    finally:
        journal.close()


if __name__ == "__main__":
    main()
