"""The record: decisions with every number that led to them, and overrides by hand.

In: what structure, conduct and impact found. Out: the tables `decisions` and kin.
"""
