"""Bilateral contracts: curves, their shapes, and who pays whom at the clearing price.

In: contract tables and prices. Out: lines between buyer and seller, exact.
"""
