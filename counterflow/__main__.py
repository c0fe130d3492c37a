"""`python -m counterflow` is the command line."""

from counterflow.cli import main

main()
