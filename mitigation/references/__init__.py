"""Reference levels: what each component of an offer would have been under competition."""

from mitigation.references.curves import at_same_mw

__all__ = ["at_same_mw"]
