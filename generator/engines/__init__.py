"""Where sessions run. The batch knows sessions and their ledger; an engine knows where they are spoken."""
