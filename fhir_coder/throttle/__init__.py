"""How many requests a caller may make in a time, counted where all workers see it. :mod:`.rates` decides, :mod:`.counter_file` counts."""
