"""The FHIR package of this server: its operations, profiles, extensions, code systems and examples, built by ``python -m conformance.ig``.

Authored in ``input/fsh`` (FHIR Shorthand). What the server holds already is taken from it while the package is built, so that nothing is written down
twice: codes of its tables (:mod:`.vocabulary`), served definitions (:mod:`.definitions`), what it writes (:mod:`.examples`, of :mod:`.visit`).
:mod:`.build` puts these together; nothing else here imports ``fhir_coder``.
"""
