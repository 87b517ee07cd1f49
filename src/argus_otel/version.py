"""The installed version, from the package's metadata."""

from importlib.metadata import version

__version__ = version("argus-otel")
