"""The files that sources ship for Grafana and Prometheus: dashboards, rules, alerts and runbooks.

They lie in the directory that a specification names as ``assets``, laid out as in this repository. Files on argus-otel
itself lie in its own directory, under the name :data:`OWN` in place of a source's.
"""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.abc import Traversable

OWN = "argus"
"""The name of the files on argus-otel itself."""

OWN_ASSETS = "argus_otel:shipped"
"""The directory with these files. Specifications of the sources that come with argus-otel name it too."""

DASHBOARDS, RULES, COLLECTOR = "dashboards", "rules", "collector"


def directory(reference: str) -> Traversable | None:
    """Return the directory that ``"package:directory"`` names, or None if there is none.

    In a wheel it lies in the package. A checkout has the same files at its root, so for a package in ``src/``, beside a
    ``pyproject.toml``, the root takes the place of a directory that is missing.

    Raises
    ------
    ImportError
        There is no such package.
    """
    package, _, name = reference.partition(":")
    packaged = files(package).joinpath(name)
    if packaged.is_dir():
        return packaged
    for source in (Path(path).parent for path in import_module(package).__path__):
        if source.name == "src" and source.with_name("pyproject.toml").is_file():
            return source.parent
    return None


def of_source(name: str, root: Traversable, kind: str) -> dict[str, bytes]:
    """Return a source's files of a kind.

    Parameters
    ----------
    name:
        The source's, or :data:`OWN`.
    root:
        The directory of its assets.
    kind:
        :data:`DASHBOARDS` or :data:`RULES`.

    Returns
    -------
    The contents by the path that a file is exported to; empty if the source has none.
    """
    found: dict[str, bytes] = {}
    if kind == DASHBOARDS:
        for path in _in(root, f"grafana/dashboards/{name}", ".json"):
            found[f"dashboards/{name}/{path.name}"] = path.read_bytes()
        for path in _in(root, "grafana/provisioning/alerting", ".yaml"):
            if path.name == f"{name}.yaml":
                found[f"provisioning/alerting/{path.name}"] = path.read_bytes()
    else:
        for path in _in(root, "prometheus/rules", ".yaml"):
            if path.name == f"{name}.yaml" or path.name.startswith(f"{name}-"):
                found[path.name] = path.read_bytes()
        for path in _in(root, "docs/runbooks", ".md"):
            if path.name == f"{name}.md":
                found[f"runbooks/{path.name}"] = path.read_bytes()
    return found


def of_all(root: Traversable, kind: str) -> dict[str, bytes]:
    """Return the files of a kind that belong to no source; parameters and result are those of :func:`of_source`.

    They are the provisioning of Grafana's data sources and folders, the index of the runbooks, an example for
    Alertmanager, relabelling for VictoriaMetrics, and the Collector's configurations.
    """
    found: dict[str, bytes] = {}
    if kind == DASHBOARDS:
        for part in ("dashboards", "datasources"):
            for path in _in(root, f"grafana/provisioning/{part}", ".yaml"):
                found[f"provisioning/{part}/{path.name}"] = path.read_bytes()
    elif kind == RULES:
        for path in _in(root, "docs/runbooks", ".md"):
            if path.name == "README.md":
                found[f"runbooks/{path.name}"] = path.read_bytes()
        for part in ("alertmanager", "victoriametrics"):
            for path in _in(root, part, ".yaml"):
                found[f"{part}/{path.name}"] = path.read_bytes()
    else:
        for path in _in(root, "collector-config", ""):
            found[path.name] = path.read_bytes()
    return found


def _in(root: Traversable, path: str, ending: str) -> Iterator[Traversable]:
    """Yield the files of a directory whose names end so, by name; none if there is no such directory."""
    for part in path.split("/"):
        root = root.joinpath(part)
    if root.is_dir():
        for one in sorted(root.iterdir(), key=lambda one: one.name):
            if one.is_file() and one.name.endswith(ending):
                yield one
