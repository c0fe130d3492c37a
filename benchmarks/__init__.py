"""The same market days cleared by Counterflow and by PyPSA, each in a process of its own."""
