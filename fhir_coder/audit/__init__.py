"""What is written down of every access and every decision, so that a person can later say who saw what, and prove that nothing was taken away."""
