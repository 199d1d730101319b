"""Speed, soak and crash runs; their results go to docs/."""
