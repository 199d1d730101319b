"""Signing people in: SMART App Launch 2.2 at an EHR, OpenID Connect at a practice's own provider. The protocol alone: no pages, no store."""
