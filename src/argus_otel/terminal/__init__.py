"""What commands of ``argus-otel`` and of sources share on a terminal. Imports no source.

`panels` and `findings` are the contracts of ``argus-otel top`` and ``argus-otel doctor`` with sources.
"""
