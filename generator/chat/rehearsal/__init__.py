"""The built-in offline speaker: scripted text out of phrase banks and personas. Not a language model."""
