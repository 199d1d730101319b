"""Where an EHR lives, and whether a URL it hands us still points there.

``Attachment.url``, ``Bundle.link.url`` and absolute references come from data. The token stays with the configured scheme, host, port and
path prefix, and so does every request, unless the site allowed a URL prefix elsewhere; anything else is not fetched (SMART App Launch 2.2,
best practices: tokens go to their own server only, https://hl7.org/fhir/smart-app-launch/best-practices.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlencode, urljoin, urlsplit

from fhir_coder.errors import ConfigurationError, EhrRefused

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class EhrAddress:
    """The base URL of one FHIR server, without a trailing slash, and the URL prefixes elsewhere from which it is allowed to fetch.

    Make it with :meth:`of`.
    """

    base: str
    foreign: tuple[EhrAddress, ...] = ()

    @classmethod
    def of(cls, base_url: str, foreign_urls: Iterable[str] = ()) -> EhrAddress:
        """Check configured URLs. Raises ConfigurationError for one that is not plain http or https."""
        parts = urlsplit(base_url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise ConfigurationError("base_url and foreign_urls of an EHR must be http or https URLs without user, query or fragment")
        return cls(base_url.rstrip("/"), tuple(cls.of(one) for one in foreign_urls))

    def url(self, path: str, params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None) -> str:
        """An address below the base; ``path`` is made of FHIR type names, ids and our own words."""
        return f"{self.base}/{path}" + (f"?{urlencode(params)}" if params else "")

    def resolve(self, reference: str) -> str:
        """An absolute URL for a link or attachment: relative ones count from the base, absolute ones stay letter for letter.

        Raises EhrRefused when the URL leaves this EHR and the site has not allowed that.
        """
        try:
            url = reference if urlsplit(reference).scheme else urljoin(f"{self.base}/", reference)
        except ValueError:
            url = ""
        if not self.allows(url):
            raise EhrRefused("a URL that the EHR gave points outside its base and is not followed")
        return url

    def allows(self, url: str) -> bool:
        """Whether the URL may be fetched: it is this EHR's, or below a prefix elsewhere that the site allowed."""
        return self.admits(url) or any(one.admits(url) for one in self.foreign)

    def admits(self, url: str) -> bool:
        """Whether the URL has the scheme, host, port and path prefix of the base: only there does the token go."""
        try:
            ours, theirs = urlsplit(self.base), urlsplit(url)
            is_printable = all("!" <= letter <= "~" for letter in url)  # parsers disagree on blanks and controls
            return is_printable and _origin(ours) == _origin(theirs) and theirs.username is None and _is_below(ours.path, theirs.path)
        except ValueError:
            return False


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme.lower())


def _is_below(prefix: str, path: str) -> bool:
    """Dot segments, plain, encoded or with parameters (``..;a``), would be resolved on the way and leave the prefix; a
    backslash is a slash to some servers."""
    decoded = unquote(unquote(path))
    if "\\" in decoded or any(segment.partition(";")[0] in {".", ".."} for segment in decoded.split("/")):
        return False
    return path == prefix or path.startswith(f"{prefix}/")
