"""Redirects each Python process that ``discord-simulator run`` starts, the bot's children included.

``run`` puts this directory first on ``PYTHONPATH``. The ``sitecustomize`` that this one hides is executed too.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

from discord_simulator.environment import redirect_from_environment

redirect_from_environment()

_here = Path(__file__).resolve().parent
_hidden = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if Path(entry).resolve() != _here])
if _hidden is not None and _hidden.loader is not None:
    _hidden.loader.exec_module(module_from_spec(_hidden))
