"""Runs the command line as `python -m matcher`."""

from matcher.cli import main

main()
