"""An EHR over HTTP that fails to order: what a server that codes against it does then can be tried.

It stores and searches with the built-in EHR of fhir_coder (:mod:`fhir_coder.sandbox`), so this package imports the server of this project. The
runner and the checks do not: they speak to the simulator over HTTP, at ``/_control``, and may judge a server in any language.

Everything in it is made up, it asks nobody who they are, and it forgets all of it when it stops. Never put a real record into it.
"""
