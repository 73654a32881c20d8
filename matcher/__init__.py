"""Plans which people from the world of work meet which primary-school classes, when and where."""

import os

# openpyxl reads and writes differently where lxml happens to be installed (caldav brings it): characters of a cell get
# lost, and files come out in other bytes. It asks this once, when it is first imported.
os.environ.setdefault("OPENPYXL_LXML", "False")

__version__ = "0.1.0"
