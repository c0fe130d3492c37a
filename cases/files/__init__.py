"""Bytes on disk: CSV, Parquet and TOML in and out, exact numbers, whole folders, hashes.

In: paths, or frames as they come. Out: typed frames with every failure listed, or folders that are
written whole or not at all. Knows columns, not markets.
"""
