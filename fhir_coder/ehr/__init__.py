"""The FHIR server on the other side: the client that talks to it, and the intake that makes an encounter of what it gives."""
