"""Servers that break one rule each: our own behind a proxy that spoils what passes. The kit must catch every one, by the rule that is broken.

Each file has a tuple of :class:`tests.conformance.broken.proxy.Broken`: what spoils requests and answers, and the requirements that must then
come out as ``fail``. ``wire.py`` is for the groups that want no token (tried by ``test_our_server.py``); the others stand before a server that is
guarded and launched (:mod:`tests.conformance.guarded_site`; tried by ``test_guarded_server.py``).
"""
