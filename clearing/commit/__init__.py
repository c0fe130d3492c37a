"""Unit commitment: which units run, decided by a mixed-integer program, with a proven gap."""
