"""Servers that break one rule each: our own behind a proxy that spoils what passes. The kit must catch every one, by the rule that is broken."""
