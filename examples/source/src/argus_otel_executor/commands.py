"""The commands ``argus-otel executor …``."""

from argus_otel.terminal.commands import Command

COMMANDS = {
    "slowest": Command(
        "argus_otel_executor.slowest",
        summary="the jobs that take longest",
        description="The functions whose jobs took longest, by history. Exit code 0; 1: the store cannot be queried.",
        examples=("executor slowest --since 7d",),
    )
}
