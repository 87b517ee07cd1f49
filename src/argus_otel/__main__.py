"""``python -m argus_otel`` is ``argus-otel``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
