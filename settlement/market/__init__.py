"""The market's own money: what each cleared quantity pays or receives at its price.

In: run tables. Out: lines for the ledger (energy, reserves, two settlements, make-whole,
uplift, rent, and the balance that closes them). One file per item.
"""
