"""What holds for every test."""

import signal

# A shell ignores SIGINT for what it runs in the background, and every child inherits that: bots would not hear Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
