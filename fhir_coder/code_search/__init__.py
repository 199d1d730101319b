"""Looking codes up by hand: search while somebody types, what a code leaves open, and what the tabular list says around it."""
