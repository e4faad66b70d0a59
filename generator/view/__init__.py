"""A local web page over the ledgers of runs: only read, only on this machine."""
