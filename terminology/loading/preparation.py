"""From files to a release in memory, proved: roles told by content, schemas, code grammar, the order file, service dates, vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from terminology.codebook import Codebook
from terminology.installation import PreparedRelease, open_release, read_tabular
from terminology.loading.archive import Limits, SourceFile, read_sources
from terminology.loading.change_lists import Changes, read_changes
from terminology.loading.failure import LoadError, some
from terminology.loading.order_file import parse_order, require_equal, titles_that_differ, with_titles
from terminology.loading.overlay import CAVEAT, apply_changes
from terminology.loading.roles import TABLES, OfficialFiles, Role, sort_files
from terminology.loading.schemas import validate
from terminology.loading.service_dates import Effect, end_of_fiscal_year, infer_effect, title_of
from terminology.loading.vocabulary_tools import VocabularyTools, vocabulary_tools
from terminology.release import Release
from terminology.release_manifest import Source
from terminology.tabular import TabularCode, TabularError, TabularList, parse_tabular
from terminology.vocabulary import Vocabulary

#: Told the stage, how much of it is done, and how much there is.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What a person asks for: the files, the service dates where the files do not tell them, and for lists of changes the release (its folder)
    that they change; None: the newest that begins before them."""

    path: Path
    first: date | None = None
    last: date | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """A release that stood every test, and what a person should know of how it was made."""

    prepared: PreparedRelease
    remarks: tuple[str, ...]


def prepare(
    request: LoadRequest, homes: Iterable[Path], report: Report, limits: Limits | None = None, tools: VocabularyTools | None = None
) -> Preparation:
    """Read, recognise and prove the files; ``homes`` are the folders of the installed releases. Raises LoadError; nothing is written."""
    report("read", 0, 1)
    sources = tuple(read_sources(request.path, limits))
    files = sort_files(sources)
    report("read", 1, 1)
    if Role.TABULAR in files.by_role:
        return _whole(request, files, report, tools or vocabulary_tools())
    changes = read_changes(sources)
    if not changes.sources:
        raise LoadError(f"{request.path}: holds neither an ICD-10-CM tabular list in XML nor lists of changes")
    return _overlay(request, changes, files, list(homes), report, tools or vocabulary_tools())


# ------------------------------------------------------------------------------------------------------------------ a whole release


def _whole(request: LoadRequest, files: OfficialFiles, report: Report, tools: VocabularyTools) -> Preparation:
    report("validate", 0, 1)
    valid = frozenset(validate(files.roots, files.schemas))
    tabular = _parsed(files.by_role[Role.TABULAR])
    effect = infer_effect(tabular.version, _names(request, files), request.first, request.last)
    report("validate", 1, 1)
    report("expand", 0, 1)
    tabular, remarks = _titled(tabular, files)
    codebook = Codebook(tabular)
    report("expand", 1, 1)
    vocabulary, more = _vocabulary(files, codebook, report, tools)
    used = tuple((files.by_role[role], role.value) for role in Role if role in files.by_role)
    schemas = tuple((schema, Role.SCHEMA.value) for schema in files.schemas)
    release = _release(effect, _identity(files, vocabulary), codebook, vocabulary)
    described = (f"{source.name}: {what}{', valid by its schema' if source.name in valid else ''}" for source, what in used)
    ignored = (f"ignored: {some(list(files.ignored))}",) if files.ignored else ()
    return Preparation(
        PreparedRelease(release, tabular, tuple(_source(*one) for one in used + schemas)), (*described, *ignored, *remarks, *more)
    )


def _parsed(source: SourceFile) -> TabularList:
    """The list, with every code once and each below its category. Below a category official lists nest more freely (H54.512A)."""
    try:
        tabular = parse_tabular(source.data)
    except TabularError as error:
        raise LoadError(f"{source.name}: {error}") from error
    codes = [code for chapter in tabular.chapters for section in chapter.sections for code in section.codes]
    if not codes:
        raise LoadError(f"{source.name}: has no codes")
    counts = Counter(code for top in codes for code in _checked(source.name, top, ""))
    if twice := [code for code, count in counts.items() if count > 1]:
        raise LoadError(f"{source.name}: codes stand twice ({some(twice)})")
    return tabular


def _checked(name: str, code: TabularCode, above: str) -> Iterator[str]:
    if not (code.code.startswith(f"{above}.") if above else len(code.code) == len("A00")):
        raise LoadError(f"{name}: {code.code} does not belong where it stands")
    yield code.code
    for child in code.children:
        yield from _checked(name, child, above or code.code)


def _names(request: LoadRequest, files: OfficialFiles) -> list[str]:
    """The names that may tell the edition: of every file with a role, and of the archive itself."""
    container = [request.path.name] if request.path.is_file() and request.path.suffix.lower() == ".zip" else []
    return [source.name for source in files.by_role.values()] + container


def _titled(tabular: TabularList, files: OfficialFiles) -> tuple[TabularList, tuple[str, ...]]:
    """The list proved by the order file and with its titles; as it is when there is none."""
    order = files.by_role.get(Role.ORDER)
    if order is None:
        return tabular, ("no order file: the expansion is checked by grammar and structure only",)
    rows = parse_order(order)
    require_equal(Codebook(tabular), rows, (files.by_role[Role.TABULAR].name, order.name))
    titled, changed = with_titles(tabular, rows)
    remarks = [f"the expansion equals the order file: {len(rows):,} codes; {changed} titles taken from it"]
    if other := titles_that_differ(Codebook(titled), rows):
        remarks.append(f"{len(other)} titles of full codes differ from the order file in their seventh character's text ({some(other)})")
    return titled, tuple(remarks)


def _vocabulary(
    files: OfficialFiles, codebook: Codebook, report: Report, tools: VocabularyTools
) -> tuple[Vocabulary | None, tuple[str, ...]]:
    tables = {name: files.by_role[role].data for role, name in TABLES.items() if role in files.by_role}
    if not tables:
        return None, ()
    report("vocabulary", 0, 1)
    try:
        vocabulary = tools.compile(tables, codebook)
    except ValueError as error:
        raise LoadError(f"the index tables cannot be read: {error}") from error
    report("vocabulary", 1, 1)
    return vocabulary, (f"vocabulary: {len(vocabulary.phrases):,} phrases of {', '.join(tables)}",)


def _identity(files: OfficialFiles, vocabulary: Vocabulary | None) -> str:
    """The sha256 of the tabular list where nothing else decides the content, else one over all that does."""
    parts = [sha256(files.by_role[role].data).hexdigest() for role in (Role.TABULAR, Role.ORDER) if role in files.by_role]
    if vocabulary is not None:
        parts.append(vocabulary.sha256)
    return parts[0] if len(parts) == 1 else sha256("\n".join(parts).encode()).hexdigest()


def _release(effect: Effect, digest: str, codebook: Codebook, vocabulary: Vocabulary | None, caveat: str = "") -> Release:
    return Release(effect.first.isoformat(), effect.title, effect.first, effect.last, digest, codebook, vocabulary, caveat)


def _source(file: SourceFile, role: str) -> Source:
    return Source(file.name, role, len(file.data), sha256(file.data).hexdigest())


# ----------------------------------------------------------------------------------------------------------------------- an overlay


def _overlay(
    request: LoadRequest, changes: Changes, files: OfficialFiles, homes: list[Path], report: Report, tools: VocabularyTools
) -> Preparation:
    first = request.first
    if first is None:
        raise LoadError("lists of changes do not tell when they begin: give the first date of service with --from")
    last = request.last or end_of_fiscal_year(first)
    if last < first:
        raise LoadError(f"the release would end on {last}, before it begins on {first}")
    home = _base(homes, request.base, first)
    base = open_release(home, tools)
    report("apply", 0, 1)
    tabular = apply_changes(read_tabular(home), changes)
    codebook = Codebook(tabular)
    report("apply", 1, 1)
    digest = sha256("\n".join([base.sha256, *(sha256(one.data).hexdigest() for one, _ in changes.sources)]).encode()).hexdigest()
    effect = Effect(first, last, f"{title_of(first)}, codes only")
    release = _release(effect, digest, codebook, _carried(base.vocabulary, codebook, tools), CAVEAT)
    used = {source.name for source, _ in changes.sources}
    others = [one for one in (*files.ignored, *(one.name for one in files.by_role.values())) if one not in used]
    remarks = (
        *(f"{source.name}: {what}" for source, what in changes.sources),
        *((f"ignored: {some(others)}",) if others else ()),
        f"applied to {base.title} ({base.id}): {len(changes.added)} added, {len(changes.deleted)} deleted, "
        f"{len(changes.headers)} made headers, {len(changes.retitled)} retitled",
        CAVEAT,
    )
    return Preparation(PreparedRelease(release, tabular, tuple(_source(*one) for one in changes.sources), home.name), remarks)


def _carried(vocabulary: Vocabulary | None, codebook: Codebook, tools: VocabularyTools) -> Vocabulary | None:
    """The base's vocabulary without phrases that lead to a code which is no longer there."""
    if vocabulary is None:
        return None
    kept = tuple(phrase for phrase in vocabulary.phrases if all(code in codebook for code in phrase.codes))
    return tools.load(tools.dump(replace(vocabulary, phrases=kept)))


def _base(homes: list[Path], wanted: str, first: date) -> Path:
    """The release to apply changes to: the one asked for, else the newest that begins before them."""
    if wanted:
        found = next((home for home in homes if home.name == wanted), None)
        if found is None:
            raise LoadError(f"no release {wanted} is loaded: {', '.join(home.name for home in homes)}")
    else:
        found = max((home for home in homes if home.name < first.isoformat()), key=lambda home: home.name, default=None)
        if found is None:
            raise LoadError(f"no loaded release begins before {first}; load one, or name one with --on")
    if found.name >= first.isoformat():
        raise LoadError(f"release {found.name} does not begin before {first}")
    return found
