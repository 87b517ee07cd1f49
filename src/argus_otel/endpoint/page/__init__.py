"""The page at `/`: the program's state for a person with a browser. Rendered here, without any script.

It is imported by the endpoint's thread, a minute after the program's start or at the first request for the page.
"""

from .page import Page

__all__ = ["Page"]
