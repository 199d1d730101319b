"""The conformance kit of ``$code-encounter``: it asks a server over HTTP alone and says, requirement by requirement, what holds.

Nothing here imports the server: what it judges may be written in any language. ``python -m conformance BASE_URL`` runs it.
"""
