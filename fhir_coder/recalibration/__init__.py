"""A site's own calibration: from decisions that people signed to the floor from which codes may pass, kept as a file with its version."""
