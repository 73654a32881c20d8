"""What goes out to servers and what comes back: letters by SMTP, answers from mailboxes, calendars by CalDAV."""
