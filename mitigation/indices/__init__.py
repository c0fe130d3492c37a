"""Indices of market power: pure functions on tables, and one that measures a whole run."""
