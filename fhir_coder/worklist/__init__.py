"""What people decide on coded encounters, as plain values: decisions are only ever added, and the state of a review follows from them."""
