"""The conformance kit of ``$code-encounter``: it asks a server over HTTP alone and says, requirement by requirement, what holds.

``python -m conformance BASE_URL`` runs it. What it judges may be written in any language: the runner and its checks import nothing of the server.
:mod:`conformance.ig` and :mod:`conformance.simulator`, which stand beside them, are made of the server, and the server imports none of this.
"""
