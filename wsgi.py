"""WSGI entry point for any server: ``gunicorn --preload wsgi:app``. ``fhir-coder serve`` does the same with tested settings."""

from fhir_coder.app import create_app
from fhir_coder.long_lived import keep_for_good, uncollected
from fhir_coder.settings import Settings

with uncollected():
    app = create_app(Settings.from_environment())
    app.extensions["fhir_coder"].before_fork()
keep_for_good()
