"""The record of every coding: what it was made with (artifacts by hash), how it came about (the trail), and doing it again (replay).

Keep: :mod:`.artifacts` in the :mod:`.archive`. Tell: :mod:`.trail_document`, printed by :mod:`.trail_page`. Do again: :mod:`.replay` has the
encounter (:mod:`.again`, :mod:`.rereading`), lays the artifacts out (:mod:`.workspace`), codes in a process of its own (:mod:`.rerun`),
compares (:mod:`.answer`), printed by :mod:`.replay_page`.
"""
