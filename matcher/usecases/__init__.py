"""What people do with the program, as functions: one file a subject. The command line calls nothing else.

A use case knows no terminal and no page: progress and questions go through callables, and what it returns any face can
show. It reads one state of the workspace, and does all that it does or nothing.

terms.py            a term's data: reading a scenario, importing it
planning.py         plans: making, keeping, comparing and exporting them; keeper.py keeps one while it is searched
told.py             what people were told by the versions published, and what of it cannot be any more
publishing.py       from a plan to what people are told: versions and their letters
mailing.py          letters out, answers in
subscriptions.py    feeds, and calendars on a CalDAV server
safekeeping.py      backups
privacy.py          erasing people, and what is old
"""
