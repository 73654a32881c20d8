"""Plans which people from the world of work meet which primary-school classes, when and where."""

__version__ = "0.1.0"
