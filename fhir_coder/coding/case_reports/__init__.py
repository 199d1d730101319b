"""Coding of case reports that were coded mention by mention (``--policy mentions``): every phrase is looked up, and the ranker decides."""
