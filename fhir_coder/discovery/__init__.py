"""Encounters that are to be coded, found with no one pressing a button.

A way finds encounters (:mod:`.finding`, :mod:`.drop_folder`, :mod:`.listener`) and has them watched in the store; what is due is looked at
(:mod:`.looking`) and, once its notes are signed and settled, becomes a job, exactly once for each version of what bears on its codes.
"""
