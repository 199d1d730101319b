"""The FHIR server on the other side: the client that talks to it, and the intake that makes an encounter of what it gives.

:mod:`.intake` is the line: find (:mod:`.supply`, :mod:`.search_plan`, :mod:`.note_search`), refuse (:mod:`.encounter_state`), select
(:mod:`.documents`, :mod:`.relations`, :mod:`.standing`), read (:mod:`.note_reading`, :mod:`.content`, :mod:`.binary`), say whose it is
(:mod:`.authorship`), and gather what goes beside the notes (:mod:`.recorded`, :mod:`.services`). :mod:`.client` is the other end:
:mod:`.capabilities` says what may be asked, :mod:`.connection` is one exchange, :mod:`.address` what may be called.
"""
