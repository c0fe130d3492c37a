"""Clearing again: one way to reopen a run, and to solve it with something changed.

In: a run and the offers or limits to use. Out: prices and quantities of the rerun; the run itself
never changes. ``protocols`` says what tests ask of a live model, ``engine`` answers, ``reopen``
gives a run from a folder its live model back, ``rerun`` clears the day with other offers.
"""
