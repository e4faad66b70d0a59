"""The frozen records that every floor above speaks in."""
