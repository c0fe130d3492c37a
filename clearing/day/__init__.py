"""What is to be cleared, as arrays: the first room of a market day.

In: a case, a grid, a rulebook. Out: a `Day` (fleet, horizon, reserve market, start tiers) that the
formulation reads. Nothing here knows a solver.
"""
