"""`python -m generator.cli`: the command without its entry point."""

from generator.cli import main

main()
