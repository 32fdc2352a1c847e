"""`python -m runtime.cli`: the command line without its script."""

from runtime.cli import main

main()
