"""The risk report: which codes lie in a category of the CMS-HCC model, which of them the notes do not carry, and which are missing.

It is made after the disposition, from it, and nothing that decides imports it: no code, order, edit, disposition or query depends on a
category. ``tests/test_architecture.py`` keeps this true. It names no weight, score or payment.
"""
