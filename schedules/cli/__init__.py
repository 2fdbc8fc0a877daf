"""The command line, `insure ...`: each command imports what it needs when it runs, so that help is instant."""

from schedules.cli.app import main

__all__ = ["main"]
