"""Bulk: a FHIR Bulk Data export in, every encounter of it coded once, NDJSON out; goes on after whatever stopped it.

Read :mod:`fhir_coder.bulk.index` (what lies where), :mod:`fhir_coder.bulk.gathering` (an encounter as a coding request),
:mod:`fhir_coder.bulk.work` (coding one), :mod:`fhir_coder.bulk.processes` (many at once) or :mod:`fhir_coder.bulk.collecting` (many on other machines), :mod:`fhir_coder.bulk.run` (the
whole).
"""
