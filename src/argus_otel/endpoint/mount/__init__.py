"""The endpoint's paths as a part of the program's own web application.

Nothing here listens on a port. Each request is answered on a thread, so that neither a scrape nor the page keeps the
program's event loop waiting.
"""
