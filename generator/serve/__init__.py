"""The rehearsal speaker as an OpenAI-compatible endpoint on this machine: scripted text, no language model."""
