"""Definition of a setting: its variables, parser, default, help and secrecy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

if TYPE_CHECKING:
    from typing_extensions import Self

    from .resolution import Resolution

T = TypeVar("T")


class Origin:
    """The origin of a setting's value.

    Attributes
    ----------
    source:
        The keyword, the variable, or ``default``.
    shown:
        The value as it may be shown; ``(set)`` for a secret.
    """

    __slots__ = ("source", "shown")

    def __init__(self, source: str, shown: str) -> None:
        self.source = source
        self.shown = shown


class Setting(Generic[T]):
    """One setting, as an attribute of a :class:`Table`. Read from an instance of the table, it is the value.

    Parameters
    ----------
    variables:
        Environment variables; the first that is set wins.
    parse:
        Converts a text to a value. Raises :class:`ValueError` for an invalid text.
    default:
        The value if none is given.
    right:
        The valid values, for error messages: ``a port from 0 to 65535``.
    help:
        A description, in Markdown.
    type:
        The type of a keyword of :func:`argus_otel.instrument`, in Python's syntax.
    secret:
        Whether the value is never shown.
    show:
        Returns the part of a text that may be shown.
    default_help:
        The default as the documentation shows it, if ``default`` does not tell.
    variables_help:
        Other origins of the value, for the documentation.
    derive:
        Computes the value from the given one (or ``default``) and from other settings; see
        :class:`~argus_otel.settings.resolution.Resolution`.

    Attributes
    ----------
    name:
        The keyword: the attribute's name; for a setting of a source, with the source's name before it:
        ``discord_cluster_id``.
    """

    __slots__ = (
        "variables",
        "parse",
        "default",
        "right",
        "help",
        "type",
        "secret",
        "show",
        "default_help",
        "variables_help",
        "derive",
        "name",
    )

    def __init__(
        self,
        *variables: str,
        parse: Callable[[str], T],
        default: T,
        right: str,
        help: str,  # noqa: A002 - what argparse calls it too
        type: str,  # noqa: A002
        secret: bool = False,
        show: Callable[[str], str] = str,
        default_help: str | None = None,
        variables_help: str = "",
        derive: Callable[[Resolution, T], T] | None = None,
    ) -> None:
        self.variables = variables
        self.parse = parse
        self.default = default
        self.right = right
        self.help = help
        self.type = type
        self.secret = secret
        self.show = show
        self.default_help = default_help
        self.variables_help = variables_help
        self.derive = derive
        self.name = ""

    def __set_name__(self, owner: type[Table], name: str) -> None:
        self.name = f"{owner.source}_{name}" if owner.source else name

    @overload
    def __get__(self, table: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, table: Table, owner: type[Any]) -> T: ...
    def __get__(self, table: Table | None, owner: type[Any]) -> Any:
        return self if table is None else table.values.get(self.name, self.default)


class Table:
    """A group of settings: a subclass whose attributes are :class:`Setting`. Instances are immutable.

    Attributes
    ----------
    source:
        The source's name; empty for the distro's own.
    values:
        The values that differ from the defaults, by the setting's name.
    """

    source = ""
    values: dict[str, Any]

    def __init__(self, **values: Any) -> None:
        vars(self)["values"] = values

    @classmethod
    def settings(cls) -> tuple[Setting[Any], ...]:
        """Return the settings, in the order in which they are written."""
        attributes: Iterable[object] = vars(cls).values()
        return tuple(cast("Setting[Any]", each) for each in attributes if isinstance(each, Setting))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings do not change: {name} stays as it is")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        settings = type(self).settings()
        return type(self) is type(other) and all(
            setting.__get__(self, type(self)) == setting.__get__(other, type(other)) for setting in settings
        )

    __hash__ = None  # type: ignore[assignment]  # some values are mappings

    def __repr__(self) -> str:
        shown = (f"{each.name}={each.__get__(self, type(self))!r}" for each in type(self).settings() if not each.secret)
        return f"{type(self).__name__}({', '.join(shown)})"
