"""Figures of couples talk, from text alone. Pure: what counts tokens and scores affect is handed in."""
