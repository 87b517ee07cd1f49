"""One module for each kind of panel, or for kinds that are drawn alike.

Each draws the inside of a panel, and returns how many things it drew: series, cells, bars, lines of a log.
"""
