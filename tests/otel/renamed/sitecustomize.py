"""Makes of the installed OpenTelemetry a release in which one name is another: ``RENAMED=old=new``.

Each of its modules is compiled from its source with the name replaced, so OpenTelemetry itself goes on working.
"""

import importlib.machinery
import importlib.util
import os
import re
import sys

OLD, NEW = os.environ["RENAMED"].split("=")
WORD = re.compile(rf"(?<!\w){re.escape(OLD)}(?!\w)")


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return compile(WORD.sub(NEW, self.get_data(path).decode()), path, "exec", dont_inherit=True)


class Finder:
    def find_spec(self, name, path=None, target=None):
        if not name.startswith("opentelemetry.") or name.startswith("opentelemetry.proto."):
            return None
        if OLD in name.split("."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        for known in (name, re.sub(rf"\b{NEW}\b", OLD, name)):
            spec = importlib.machinery.PathFinder.find_spec(known, path)
            if spec is not None and spec.origin is not None:
                return importlib.util.spec_from_file_location(
                    name,
                    spec.origin,
                    loader=Loader(name, spec.origin),
                    submodule_search_locations=spec.submodule_search_locations,
                )
        return None


sys.meta_path.insert(0, Finder())
