"""The import graph of the package: what it may import, and that no modules import each other in a circle."""

from __future__ import annotations

import ast
import graphlib
import pathlib
import sys

import pytest

import discord_simulator

PACKAGE = pathlib.Path(discord_simulator.__file__).parent
PATHS = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

each_module = pytest.mark.parametrize("name", PATHS)


def is_type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(tree, module, *, package, for_types):
    """Yield the full names that the module imports when it is executed, or else for type checkers alone."""
    waiting = [(node, False) for node in tree.body]
    while waiting:
        node, typing = waiting.pop()
        if isinstance(node, ast.Import) and typing == for_types:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and typing == for_types:
            around = module.split(".")[: None if package and node.level == 1 else package - node.level]
            base = ".".join([*(around if node.level else []), *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = typing or is_type_checking(node)
            waiting += [(below, inside) for below in ast.iter_child_nodes(node)]


def names(module, *, for_types):
    tree = ast.parse(PATHS[module].read_text(encoding="utf-8"))
    return set(imported(tree, module, package=PATHS[module].name == "__init__.py", for_types=for_types))


def module_of(name):
    """Return the module of the package that a name is, or is in."""
    while name and name not in PATHS:
        name = name.rpartition(".")[0]
    return name


def graph(*kinds):
    found = {}
    for module in PATHS:
        targets = {module_of(name) for kind in kinds for name in names(module, for_types=kind)}
        # A package is executed before its modules, and imports none of them: see below.
        found[module] = targets - {"", module, "discord_simulator"}
    return found


def test_no_modules_import_each_other_when_they_are_executed():
    order = list(graphlib.TopologicalSorter(graph(False)).static_order())
    assert set(order) == set(PATHS)


def test_no_modules_import_each_other_for_types_either():
    everything = graph(False, True)
    del everything["discord_simulator"]  # which names all that it exports
    assert list(graphlib.TopologicalSorter(everything).static_order())


def test_a_package_imports_none_of_its_modules_when_it_is_executed():
    for module, path in PATHS.items():
        if path.name == "__init__.py":
            assert not [name for name in names(module, for_types=False) if name.startswith("discord_simulator")]


def test_a_planted_import_is_found():
    source = """
import a.b
from . import c
from ..d import e
if TYPE_CHECKING:
    from .f import g
def h():
    import i
"""
    tree = ast.parse(source)
    assert set(imported(tree, "p.q.r", package=False, for_types=False)) == {"a.b", "p.q.c", "p.d.e"}
    assert set(imported(tree, "p.q.r", package=False, for_types=True)) == {"p.q.f.g"}
    assert "p.q.c" in set(imported(tree, "p.q", package=True, for_types=False))
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


@each_module
def test_it_imports_the_standard_library_and_aiohttp_alone(name):
    tree = ast.parse(PATHS[name].read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            roots.add(node.module.split(".")[0])
    besides = {
        "discord_simulator.compression": {"zstandard"},  # if a bot asks for it
        "discord_simulator.http_delivery": {"nacl"},  # if interactions are posted
        "discord_simulator.redirection": {"discord"},  # for types
        "discord_simulator._site.sitecustomize": {"discord_simulator"},  # which is no module of the package
    }
    assert roots <= {*sys.stdlib_module_names, "aiohttp", "typing_extensions", *besides.get(name, ())}
