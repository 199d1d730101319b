"""What goes back to the EHR: one file per target resource, the bundle that proposes them, the delivery that writes them.

Proposed by :mod:`.bundle`: :mod:`.condition`, :mod:`.claim`, :mod:`.task`, :mod:`.provenance`, all from :mod:`.proposal`. Written by
:mod:`.delivery`: look (:mod:`.survey`), decide (:mod:`.plan`, with :mod:`.retirement`, :mod:`.revision` and :mod:`.touched`), carry out (:mod:`.execution`, in
:mod:`.at_once` or :mod:`.one_by_one`), read back (:mod:`.fidelity`), tell (:mod:`.receipt`).
"""
