"""Encounters that are coded after the call was answered: what a job is, who works it off, and when it is tried again.

The table of jobs (:mod:`fhir_coder.store.jobs`) is the only truth. A message of a broker names a job and says nothing else: one that is lost is sent
again, one that comes twice finds nothing to do.
"""
