"""The keywords of :func:`argus_otel.instrument`; written by ``python -m tools.settings``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypedDict


class Keywords(TypedDict, total=False):
    """A value for each setting; see docs/configuration.md. ``None`` is the same as leaving it out."""

    disabled: bool | None
    config_file: str | os.PathLike[str] | None
    service_name: str | None
    metrics_exporters: str | Sequence[str] | None
    traces_exporters: str | Sequence[str] | None
    logs_exporters: str | Sequence[str] | None
    sampler: str | None
    sampler_argument: str | float | None
    trace_rates: str | Mapping[str, float] | None
    exception_signal: str | None
    disabled_instrumentations: str | Sequence[str] | None
    endpoint: bool | None
    endpoint_host: str | None
    endpoint_port: int | str | None
    endpoint_targets: str | os.PathLike[str] | None
    endpoint_token: str | None
    endpoint_allowed_hosts: str | Sequence[str] | None
    endpoint_certificate: str | os.PathLike[str] | None
    endpoint_key: str | os.PathLike[str] | None
    heartbeat_url: str | None
    shutdown_timeout: float | None
    history: bool | str | None
    history_store: str | None
    history_files_days: int | None
    history_files_limit: float | None
    history_user_key: str | None
    history_users: str | None
    history_spool: str | os.PathLike[str] | None
    history_spool_limit: float | None
    checks_file: str | None
    checks_location: str | None
    checks_state: str | None
    checks_shard: str | None
    checks_allow_commands: bool | None
    discord_cluster_id: str | int | None
    graphs_detections: str | None
    graphs_stuck_after: float | None
    graphs_conventions: str | None
    graphs_capture_content: bool | None
    process_loop_blocked_after: float | None
    training_run: str | None
    training_group: str | None | None
    training_guard: str | None
    training_torch: bool | None
    training_rank: int | None
    training_world_size: int | None
    training_control: str | None | None
    training_restarts: int | None
