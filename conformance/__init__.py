"""What others need to work with this server in FHIR: nothing of it runs in production, and the server never imports it."""
