"""Making scenarios: writing them as a folder or a workbook, empty ones to fill in, and invented ones of any size."""
