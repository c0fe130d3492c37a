"""A sealed pack of one decision or a whole run, for those who must read it, question or defend it.

In: a run, its parent. `selection` picks the rows, `texts` writes rules, reasons and the command,
`pack` gathers and seals them (`cases.packs`).
"""

from counterflow.evidence.pack import evidence, evidence_bytes

__all__ = ["evidence", "evidence_bytes"]
