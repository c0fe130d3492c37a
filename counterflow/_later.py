"""Parts of the public interface that this release does not have yet: each one says so."""

from cases.errors import CounterflowError


class NotYet(CounterflowError):
    """A part that this release does not have; the message names it and what there is instead."""
