"""The command line: one file a subject, of the same names as the use cases they call; nothing else is called.

entry.py        the program: the commands together, and errors into words
options.py      the arguments and options that several commands take
shared.py       what several commands do and say alike
console.py      how progress, plans and changes are shown
endings.py      signals, and an output that nobody reads any more
"""

from matcher.cli.entry import app, main

__all__ = ["app", "main"]
