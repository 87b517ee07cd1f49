"""The process that trains, as a part of the lab."""

from __future__ import annotations

from pathlib import Path

from lab.observed import ObservedProgram

SERVICE = "trainee"
INSTANCE = f"{SERVICE}-0"


class Trainee(ObservedProgram):
    """A program that trains.

    Parameters
    ----------
    variables:
        More of its environment.
    """

    def __init__(self, directory: Path, **variables: str) -> None:
        more = {"ARGUS_CONTROL": str(directory / "control"), **variables}
        program = Path(__file__).with_name("program.py")
        super().__init__("the program that trains", program, directory, SERVICE, **more)
