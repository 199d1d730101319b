"""What other releases know of a code that one release does not have: until when it was valid, from when it will be, and what took its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from terminology.codebook import Codebook
from terminology.release import Catalogue, Release

MOST_SUCCESSORS = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """A code as other releases know it: ``valid_to`` is its last date of service in a release before this one, ``valid_from`` its first in one after it;
    None where none there has it. ``successors`` are billable codes of this release that took the place of a deleted code, at most five."""

    valid_to: date | None = None
    valid_from: date | None = None
    successors: tuple[str, ...] = ()


class CodeHistory:
    """Answers from the loaded releases; one without a catalogue knows nothing."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self._catalogue = catalogue

    def standing(self, code: str, release: Release) -> Standing:
        """What the releases before and after ``release``, which does not have the code, know of it."""
        having = [one for one in self._releases() if code in one.codebook]
        before = [one for one in having if one.effective_from < release.effective_from]
        after = [one for one in having if one.effective_from > release.effective_from]
        return Standing(
            self._last_day(before[-1]) if before else None,
            after[0].effective_from if after else None,
            successors(code, before[-1].codebook, release.codebook) if before else (),
        )

    def billable_until(self, code: str, release: Release) -> date | None:
        """The last date of service on which a code that is a header in ``release`` was billable in a release before it; None when it never was."""
        before = [one for one in self._releases() if one.effective_from < release.effective_from and one.codebook.is_billable(code)]
        return self._last_day(before[-1]) if before else None

    def _releases(self) -> tuple[Release, ...]:
        return self._catalogue.releases if self._catalogue else ()

    def _last_day(self, release: Release) -> date:
        """The last date of service that the release is chosen for; one that later releases cover whole keeps its own."""
        spans = self._catalogue.spans(release) if self._catalogue else ()
        return spans[-1][1] if spans else release.effective_to


NO_HISTORY = CodeHistory()


def successors(code: str, before: Codebook, after: Codebook) -> tuple[str, ...]:
    """The billable codes that took the place of a code which ``after`` deleted: of the codes that are new under the nearest heading left, those with
    its title, or else all; of the same seventh character, where the code has one. No list of replacements is published with the releases, so this is what
    their codes show."""
    old = before.normalize(code)
    heading = next((one for one in before.ancestors(old) if one in after), None) if old else None
    if old is None or heading is None:
        return ()
    new = list(_new_codes(heading, before, after))
    if before.stem(old) != old:
        new = [one for one in new if after.stem(one) != one and one[-1] == old[-1]]
    same = [one for one in new if after.title(one) == before.title(old)]
    return tuple((same or new)[:MOST_SUCCESSORS])


def _new_codes(heading: str, before: Codebook, after: Codebook) -> Iterator[str]:
    return (one for one in after.billable_under(heading) if one not in before)
