"""Why: what makes this price, and why an offer was replaced or kept.

In: a run, a place or unit, a time. Out: explanations as objects that print as sentences.
"""
