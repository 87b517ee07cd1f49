"""Makes empty libraries in place of those of CUDA that torch is linked with, so that torch runs without four gigabytes.

PyPI's torch for Linux needs the packages of CUDA even where there is no GPU. ``write`` reads from torch's own libraries
which symbols they take from which library, and compiles libraries of these names in which each function returns 100:
CUDA's code for no device. ``torch.cuda.is_available()`` is then false, as it is without a GPU.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

_CUDA = re.compile(r"lib(cu[a-zA-Z]+|nccl|nvrtc|nvshmem_host|nvToolsExt|nvJitLink)\.so(\.\d+)*")
_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_SYMBOL = re.compile(r"^\s*\d+:\s+\S+\s+\S+\s+(\S+)\s+(\S+)\s+\S+\s+(\S+)\s+([^\s@]+)(?:@+(\S+))?", re.MULTILINE)
_VERSIONS_OF = re.compile(r"File: (\S+)|Name: (\S+)\s+Flags:")


def write(torch: Path) -> list[str]:
    """Write the libraries beside torch's own, in ``torch/lib``; return their names.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        There is no ``readelf`` or ``cc``, or one of them failed.
    """
    libraries = sorted((torch / "lib").glob("*.so"))
    needed: set[str] = set()
    defined: set[str] = set()
    wanted: dict[str, tuple[str, str]] = {}  # symbol: its version, and its type
    library_of: dict[str, str] = {}  # version: the library that has it
    for library in libraries:
        needed.update(name for name in _NEEDED.findall(_readelf("-d", library)) if _CUDA.fullmatch(name))
        file = ""
        for file_name, version in _VERSIONS_OF.findall(_readelf("-V", library)):
            file = file_name or file
            if version:
                library_of[version] = file
        for kind, binding, section, name, version in _SYMBOL.findall(_readelf("--dyn-syms", library)):
            if section != "UND":
                defined.add(name)
            elif binding == "GLOBAL":
                wanted[name] = (version, kind)
    missing = sorted(name for name in needed if not (torch / "lib" / name).exists())
    symbols: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, (version, _) in wanted.items():
        library = library_of.get(version, missing[0] if not version and missing else "")
        if library in missing and name not in defined and not name.startswith(("Py", "_Py")):
            symbols[library][version].add(name)
    for library in missing:
        _compile(torch / "lib" / library, symbols[library])
    return missing


def _readelf(what: str, library: Path) -> str:
    command = ["readelf", "-W", what, str(library)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _compile(library: Path, symbols: dict[str, set[str]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source, script = Path(directory, "stub.c"), Path(directory, "stub.map")
        names = sorted({name for each in symbols.values() for name in each})
        source.write_text("".join(f"int {name}(void) {{ return 100; }}\n" for name in names), encoding="utf-8")
        versions = [
            f"{version} {{ global: {' '.join(f'{name};' for name in sorted(each))} }};\n"
            for version, each in sorted(symbols.items())
            if version
        ]
        script.write_text("".join(versions), encoding="utf-8")
        command = ["cc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{library.name}"]
        command += [f"-Wl,--version-script,{script}"] if versions else []
        subprocess.run([*command, "-o", str(library), str(source)], check=True)
