"""The settings of checks."""

from __future__ import annotations

from argus_otel.settings import Setting, Settings, Table
from argus_otel.settings.parsers import boolean, optional


def _shard(text: str) -> str | None:
    from .sharding import Shard

    return str(Shard.parse(text)) if text else None


class ChecksSettings(Table):
    """Settings of service checks."""

    source = "checks"

    file = Setting(
        "ARGUS_CHECKS_FILE",
        parse=optional,
        default=None,
        right="the path of a file",
        help="The file of the checks that this process runs beside its own work. Without it, none are run.",
        type="str",
    )
    location = Setting(
        "ARGUS_CHECKS_LOCATION",
        parse=optional,
        default=None,
        right="a name",
        help="Where checks run from: `argus.check.location`. By default the file says it, else it is the host's name.",
        type="str",
    )
    state = Setting(
        "ARGUS_CHECKS_STATE",
        parse=optional,
        default=None,
        right="the path of a directory",
        help="Where the states of checks are kept, so that they outlive a restart. Of all processes with the same "
        "directory, one runs the checks. Without it, nothing is kept.",
        type="str",
    )
    shard = Setting(
        "ARGUS_CHECKS_SHARD",
        parse=_shard,
        default=None,
        right="a share such as 2/5, the second of five",
        help="Which share of the checks this process runs, where several agents share one file.",
        type="str",
    )
    allow_commands = Setting(
        "ARGUS_CHECKS_ALLOW_COMMANDS",
        parse=boolean,
        default=False,
        right="true or false",
        help="Whether checks of the type `command` may start programs.",
        type="bool",
    )


def is_asked_for(settings: Settings) -> bool:
    """Whether a program is to run checks beside its own work."""
    return settings[ChecksSettings].file is not None
