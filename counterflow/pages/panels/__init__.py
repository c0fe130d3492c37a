"""Panels: from a day to what a reader sees of it; each is one function, without any HTML."""
