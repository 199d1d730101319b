"""The compliance edits: one file each, named ``fce<number>_<fault>.py``, discovered by :mod:`fhir_coder.edits.registry`.

To add one, write its file (docstring, ``ID``, ``NAME``, ``SEVERITY``, ``check``) and its cases in ``tests/edits/cases/``. Numbers: 1xx validity
of a code, 2xx notes of the tabular list, 3xx specificity and laterality, 4xx patient, 5xx sequence and claim, 6xx documentation.
"""
