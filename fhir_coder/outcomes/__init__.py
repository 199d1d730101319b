"""What became of codings: the proposal of the engine beside what people signed, and the figures drawn from both. Values only: no store, no page."""
