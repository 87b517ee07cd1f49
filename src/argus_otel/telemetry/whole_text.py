"""Texts of rows that are kept whole."""

from __future__ import annotations


class WholeText(str):
    """A text in a row of history that is not cut. Others are after 500 characters: they may be anybody's.

    Only for what a source has made itself, of bounded length, such as a list of numbers.
    """

    __slots__ = ()
