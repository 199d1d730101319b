"""From words to candidate codes: a dictionary of terms, a word index and a vector index over one release, and their fusion."""
