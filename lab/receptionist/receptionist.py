"""The process of the graphs, as a part of the lab."""

from __future__ import annotations

from pathlib import Path

from lab.observed import ObservedProgram

SERVICE = "receptionist"
INSTANCE = f"{SERVICE}-0"


class Receptionist(ObservedProgram):
    """A program of agent graphs, which records by all names of the GenAI conventions.

    Parameters
    ----------
    variables:
        More of its environment.
    """

    def __init__(self, directory: Path, **variables: str) -> None:
        more = {"ARGUS_GENAI_CONVENTIONS": "both", "LANGSMITH_TRACING": "false", **variables}
        program = Path(__file__).with_name("program.py")
        super().__init__("the program of agent graphs", program, directory, SERVICE, **more)
