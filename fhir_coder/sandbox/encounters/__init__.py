"""The synthetic encounters as data: one JSON file each, its notes beside it, and the people that they name."""
