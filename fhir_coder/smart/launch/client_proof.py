"""How we prove at a token endpoint that we are the client that was registered there, by each method of a registration.

Sources: RFC 6749 section 2.3.1, https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-symmetric.html and -asymmetric.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.auth import ClientAuth

from fhir_coder.outbound.attempt import Call
from fhir_coder.private_files import read_secret
from fhir_coder.smart.assertion import Assertions
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.smart.signing_key import load_key

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientProof:
    """Makes the requests of one client. ``now`` tells seconds since 1970. Its secret stays here."""

    def __init__(self, registration: Registration, now: Callable[[], float]) -> None:
        """Raises ConfigurationError when a key or secret file cannot be used."""
        self._assertions: Assertions | None = None
        if registration.auth == "private_key_jwt":
            key = load_key(registration.key, registration.alg, registration.kid)
            self._assertions = Assertions(registration.client_id, key, now)
            return
        client_id, secret = registration.client_id, _secret(registration)
        if registration.auth == "client_secret_basic":
            # Form-encoded first, as RFC 6749 asks; the library leaves that to us.
            client_id, secret = quote_plus(client_id), quote_plus(secret)
        self._library = ClientAuth(client_id, secret, registration.auth)

    def post(self, url: str, form: Mapping[str, str], token_endpoint: str) -> Call:
        """A request to an endpoint of the authorization server. It is made for one sending: an assertion is good once.

        An assertion names the token endpoint wherever it is sent (OpenID Connect Core section 9): not every server takes the name of another.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if self._assertions is not None:
            body = urlencode({**form, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._assertions.new(token_endpoint)})
        else:
            _, headers, body = self._library.prepare("POST", url, headers, urlencode(form))
        return Call("POST", url, headers, body.encode("ascii"), is_repeatable=False)


def _secret(registration: Registration) -> str:
    """What stands in the secret file, without the end of its line; empty for a public client."""
    if not registration.secret_file:
        return ""
    return read_secret(registration.secret_file)
