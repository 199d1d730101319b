"""What is tried, one file for each group of requirements."""
