"""Errors that end a request or a start. Clinical doubt is never one of these: it is a finding or a disposition.

    FhirCoderError
    ├── RequestError                the caller must change something
    │   ├── UnreadableBody          400 structure      not JSON/XML, duplicate keys, nulls, nesting, wrong types
    │   ├── InvalidContent          400 invalid        a value is not what the definition allows
    │   ├── RequiredMissing         400 required       a required parameter is absent
    │   ├── Unauthenticated         401 login          no valid bearer token (carries WWW-Authenticate)
    │   ├── Forbidden               403 forbidden      not the caller's to use
    │   ├── InsufficientScope       403 forbidden      the token's scope does not cover it (carries WWW-Authenticate)
    │   ├── ResourceUnknown         404 not-found      no such resource here or at the EHR
    │   ├── JobUnknown              404 not-found      no job of the caller's at this address
    │   ├── OperationUnknown        404 not-supported  no such operation, type or page
    │   ├── MethodNotAllowed        405 not-supported  wrong HTTP method (carries Allow)
    │   ├── NotAcceptable           406 not-supported  no representation the caller accepts
    │   ├── Conflict                409 conflict       the same encounter is being coded, or changed meanwhile
    │   ├── ResourceDeleted         410 deleted        the EHR says it is gone
    │   ├── BodyTooLarge            413 too-long       over the size limit
    │   ├── MediaTypeUnsupported    415 not-supported  neither FHIR JSON nor FHIR XML
    │   ├── Uncodable               422 business-rule  well formed, but cannot be coded (no note, patient mismatch)
    │   ├── TooMuch                 422 too-costly     more notes or words than one call may bring, more codes than one may have
    │   ├── ParameterUnsupported    422 not-supported  a parameter that the definition has and this server does not act upon
    │   └── Throttled               429 throttled      the client calls too often (carries Retry-After)
    ├── IssuerUnavailable           503 transient      a tenant's issuer cannot be asked after a token; safe to retry (carries Retry-After)
    ├── EhrError                    the FHIR server on the other side failed
    │   ├── EhrUnavailable          502 transient      unreachable or 5xx; safe to retry
    │   ├── EhrTimeout              504 timeout        no answer in time; safe to retry
    │   └── EhrRefused              502 processing     it answered, and no; do not retry unchanged
    ├── LaunchRefused               a sign-in did not come to its end; nobody is signed in by it
    │   ├── LaunchUnknown           403 forbidden      the EHR that launches us is not configured
    │   ├── LaunchInvalid           400 invalid        the answer does not belong to this sign-in, is too old or was used
    │   ├── LaunchDenied            403 forbidden      the authorization server refused, or the person did
    │   ├── SignedOut               401 login          the authorization server knows this sign-in no longer
    │   ├── LaunchUnavailable       502 transient      the authorization server does not answer
    │   └── LaunchFailed            502 processing     what the authorization server answers cannot be accepted
    ├── Busy                        503 transient      too much is being done at once; safe to retry (carries Retry-After)
    ├── JobGivenUp                  500 exception      a job was tried as often as jobs are, and never came to an end
    ├── WorkerLost                  500 exception      whoever did a job was lost on the way; it is tried again
    ├── NotRecorded                 503 transient      the audit cannot be written, so nothing is done or told
    ├── StoreAway                   503 transient      the database takes no statements now (carries Retry-After)
    └── ConfigurationError          the process does not start (CLI exit status 2)

Every class has one unique code, one HTTP status and one FHIR issue type (http://hl7.org/fhir/R4/valueset-issue-type.html). Messages carry
ids, paths and offsets, never note text or tokens.
"""

from __future__ import annotations


class FhirCoderError(Exception):
    """Root of the tree. ``expression`` are FHIRPath locations of the fault, ``headers`` extra response headers."""

    code = "FC000"
    status = 500
    issue = "exception"
    is_retry_safe = False

    def __init__(self, message: str, *, expression: tuple[str, ...] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.expression = expression
        self.headers = headers or {}


class RequestError(FhirCoderError):
    """The caller must change something before trying again."""

    code, status, issue = "FC100", 400, "invalid"


class UnreadableBody(RequestError):
    """The body is not well-formed FHIR JSON or XML."""

    code, status, issue = "FC101", 400, "structure"


class InvalidContent(RequestError):
    """The body is well formed, but a value is not what FHIR R4 or the operation allows."""

    code, status, issue = "FC102", 400, "invalid"


class RequiredMissing(RequestError):
    """A required parameter or element is absent."""

    code, status, issue = "FC103", 400, "required"


class Unauthenticated(RequestError):
    """There is no bearer token, or it proves nothing here; ``headers`` carries WWW-Authenticate (RFC 6750 section 3)."""

    code, status, issue = "FC114", 401, "login"


class Forbidden(RequestError):
    """The caller may not use what it named."""

    code, status, issue = "FC104", 403, "forbidden"


class InsufficientScope(RequestError):
    """The token is valid, but its scope does not cover the operation; ``headers`` carries WWW-Authenticate."""

    code, status, issue = "FC115", 403, "forbidden"


class ResourceUnknown(RequestError):
    """No such resource, here or at the EHR."""

    code, status, issue = "FC105", 404, "not-found"


class JobUnknown(RequestError):
    """There is no job of the caller's at this address. Its number is not that of a resource that is unknown: this may be the answer of a job."""

    code, status, issue = "FC123", 404, "not-found"


class OperationUnknown(RequestError):
    """No such operation, resource type or page on this server."""

    code, status, issue = "FC106", 404, "not-supported"


class MethodNotAllowed(RequestError):
    """The HTTP method is wrong for this URL; ``headers`` carries Allow."""

    code, status, issue = "FC107", 405, "not-supported"


class NotAcceptable(RequestError):
    """Nothing the caller accepts can be produced."""

    code, status, issue = "FC108", 406, "not-supported"


class Conflict(RequestError):
    """The same encounter is being worked on, or it changed meanwhile."""

    code, status, issue = "FC109", 409, "conflict"


class ResourceDeleted(RequestError):
    """The EHR says that the resource is gone."""

    code, status, issue = "FC110", 410, "deleted"


class BodyTooLarge(RequestError):
    """The body is over the size limit."""

    code, status, issue = "FC111", 413, "too-long"


class MediaTypeUnsupported(RequestError):
    """The body is neither FHIR JSON nor FHIR XML."""

    code, status, issue = "FC112", 415, "not-supported"


class Uncodable(RequestError):
    """Well formed, but not something that can be coded: no codable note, encounter and patient disagree."""

    code, status, issue = "FC113", 422, "business-rule"


class TooMuch(RequestError):
    """The encounter has more notes, or its notes more words, than the site lets one call bring; or an expansion more codes than one answer."""

    code, status, issue = "FC121", 422, "too-costly"


class ParameterUnsupported(RequestError):
    """The definition of the operation has the parameter, and this server does not act upon it: to ignore it would change what is answered."""

    code, status, issue = "FC116", 422, "not-supported"


class Throttled(RequestError):
    """The client, or the address that fails to prove who it is, calls more often than the site allows; ``headers`` carries Retry-After."""

    code, status, issue = "FC122", 429, "throttled"


class IssuerUnavailable(FhirCoderError):
    """Whether the caller may come in cannot be told now: nothing was done, a retry is safe. ``headers`` carries Retry-After."""

    code, status, issue = "FC210", 503, "transient"
    is_retry_safe = True


class EhrError(FhirCoderError):
    """The FHIR server on the other side failed. ``ehr_status`` is its HTTP status or 0; ``outcome`` its OperationOutcome or None;
    ``retry_after`` what it wrote of when to ask again (RFC 9110 section 10.2.3), or empty."""

    code, status, issue = "FC200", 502, "transient"

    def __init__(self, message: str, *, ehr_status: int = 0, outcome: dict | None = None, retry_after: str = "") -> None:
        super().__init__(message)
        self.ehr_status = ehr_status
        self.outcome = outcome
        self.retry_after = retry_after


class EhrUnavailable(EhrError):
    """The EHR cannot be reached or answers 5xx; a retry is safe."""

    code, status, issue = "FC201", 502, "transient"
    is_retry_safe = True


class EhrTimeout(EhrError):
    """The EHR did not answer in time; a retry is safe."""

    code, status, issue = "FC202", 504, "timeout"
    is_retry_safe = True


class EhrRefused(EhrError):
    """The EHR answered, and the answer is no; do not retry unchanged."""

    code, status, issue = "FC203", 502, "processing"


class LaunchRefused(FhirCoderError):
    """A sign-in ended without a person. ``oauth_error``: a code of RFC 6749 or OpenID Connect that the authorization server gave, or empty.

    ``description`` are its own words: printable, at most 200 characters, to be escaped where they are shown, and never logged.
    """

    code, status, issue = "FC400", 400, "invalid"

    def __init__(self, message: str, *, oauth_error: str = "", description: str = "") -> None:
        super().__init__(message)
        self.oauth_error = oauth_error
        self.description = description


class LaunchUnknown(LaunchRefused):
    """``iss`` names no EHR that is configured here; nobody was asked."""

    code, status, issue = "FC401", 403, "forbidden"


class LaunchInvalid(LaunchRefused):
    """The answer does not belong to this sign-in, is malformed, came too late or was used before."""

    code, status, issue = "FC402", 400, "invalid"


class LaunchDenied(LaunchRefused):
    """The authorization server answered with an error instead of a code."""

    code, status, issue = "FC403", 403, "forbidden"


class SignedOut(LaunchRefused):
    """The authorization server gives no further token: the person signed out there, or the time is over."""

    code, status, issue = "FC404", 401, "login"


class LaunchUnavailable(LaunchRefused):
    """The authorization server cannot be reached or answers 5xx. A code may be used up by then: start again; a refresh can be tried again."""

    code, status, issue = "FC405", 502, "transient"


class LaunchFailed(LaunchRefused):
    """The authorization server's metadata, answer or id_token cannot be accepted; somebody must change a configuration."""

    code, status, issue = "FC406", 502, "processing"


class Busy(FhirCoderError):
    """More is being done in this process than it can do at once; a retry is safe. ``headers`` carries Retry-After."""

    code, status, issue = "FC501", 503, "transient"
    is_retry_safe = True


class JobGivenUp(FhirCoderError):
    """A job was tried as often as jobs are, and never came to an end; an operator may try it again."""

    code, status, issue = "FC502", 500, "exception"


class WorkerLost(FhirCoderError):
    """Whoever did a job was lost on the way, or took longer than a job may; it is tried again."""

    code, status, issue = "FC503", 500, "exception"
    is_retry_safe = True


class NotRecorded(FhirCoderError):
    """The audit cannot be written: what cannot be written down is not done, and what was found is not told."""

    code, status, issue = "FC301", 503, "transient"


class StoreAway(FhirCoderError):
    """The database does not answer, or has no connection left. ``headers`` carries Retry-After."""

    code, status, issue = "FC302", 503, "transient"


class ConfigurationError(FhirCoderError):
    """The process cannot start: a setting, the index, the model or the store is wrong. The message says what to do."""

    code, status, issue = "FC300", 500, "exception"
