"""The workspace: a scenario and the runs made for it, kept in a database. The only SQLAlchemy of the program.

    with Workspace.open("matcher.db", create=True) as workspace:
        changes = diff(workspace.load_tables(), tables)      # to be shown first
        workspace.replace_tables(tables, "derby.xlsx")
        number = workspace.save_run(tables, plan, ...)
        workspace.run(number).plan

A scenario is kept whole and never changed, but when somebody's data is taken out of it: an import writes its rows
beside the old ones and then says which scenario is current. A run points at the scenario it was made for, so an old
plan can still be exported with the names and times of its day, and compared with a new one; and a run tells whether the
scenario has changed since. Scenarios are known by a fingerprint of their values, so the same one is kept once, however
often it is imported. Those that are neither current nor any run's are deleted on the next import.

The best plan of a solve under way is kept every so often (`unfinished.py`), until it is a run.

The rows of a scenario are kept as they were read (defaults not filled in) and are not judged here: `intake` does that,
before and after. Hence no foreign keys between them; a plan's ids are the scenario's.

What was published is kept beside the plans: an event of somebody's calendar has a row for each version that changed it,
and the letters that tell of a version are written with it (`publications.py`).

One transaction for each method of `Workspace`, or for all that is read in a `snapshot`, and one writer at a time. A
SQLite workspace is one file (a rollback journal stands beside it only while something is being written); PostgreSQL
does as well; whatever else SQLAlchemy reaches is refused, as it has not been shown to keep every value.

Which floor is which:

changes.py      what differs between two scenarios (no database)
connection.py   addresses, transactions, and errors in plain words
schema.py       the tables; scenarios.py, edits.py, runs.py, unfinished.py, publications.py, told.py and leases.py
                read them
erasure.py      what people did not consent to, and people who are to be forgotten, taken out of all of them
versions.py     which version of the tables a database has; runs migrations/, one file for each version
workspace.py    what use cases call
"""

from matcher.store.changes import Change, ColumnChange, What, diff, fingerprint, shown, summary
from matcher.store.edits import DataState, Edit
from matcher.store.erasure import Admitted
from matcher.store.leases import Lease, Taken
from matcher.store.publications import Heard, Version
from matcher.store.runs import Begun, RunSummary, SavedRun
from matcher.store.unfinished import Unfinished
from matcher.store.workspace import Import, Workspace

__all__ = [
    "Admitted",
    "Begun",
    "Change",
    "ColumnChange",
    "DataState",
    "Edit",
    "Heard",
    "Import",
    "Lease",
    "RunSummary",
    "SavedRun",
    "Taken",
    "Unfinished",
    "Version",
    "What",
    "Workspace",
    "diff",
    "fingerprint",
    "shown",
    "summary",
]
