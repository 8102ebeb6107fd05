"""What a package is in rows of tables, and what a row of a problem says."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from services.problem.expectations import Expectation
from services.problem.package import Package
from services.problem.problems import Draft, Kind, PackageProgram, Problem, ProgramKind, Statement, Visibility

Row = sa.Row[*tuple[Any, ...]]

_MICROSECOND: Final = timedelta(microseconds=1)


def content(draft: Draft) -> dict[str, Any]:
    """The columns of a problem that come from its package."""
    package = draft.package
    limits = package.limits
    return {
        "package_digest": draft.package_digest,
        "bundle": draft.bundle,
        "kinds": [kind for kind in Kind if kind.lower().replace("_", "-") in package.kinds],
        "max_score": package.groups.max_score if package.groups and "scoring" in package.kinds else None,
        "title": _storable(package.title),
        "title_languages": list(package.titles),
        "title_texts": [_storable(title) for title in package.titles.values()],
        "time_us": limits.time // _MICROSECOND,
        "memory_bytes": limits.memory_bytes,
        "output_bytes": limits.output_bytes,
        "code_bytes": limits.code_bytes,
        "time_languages": list(limits.time_by_language),
        "time_languages_us": [time // _MICROSECOND for time in limits.time_by_language.values()],
        "authors": [_storable(author) for author in package.authors],
        "source": _storable(package.source),
        "license": package.license,
        "keywords": [_storable(keyword) for keyword in package.keywords],
        "languages": list(package.languages),
        "sample_count": sum(test.sample for test in package.tests),
        "secret_count": sum(not test.sample for test in package.tests),
        "searched": _storable(_searched(draft.id, package)),
    }


def statements(package: Package) -> list[dict[str, Any]]:
    return [
        {"position": position, "language": each.language, "title": _storable(each.title), "html": _storable(each.html)}
        for position, each in enumerate(package.statements)
    ]


def samples(package: Package) -> list[dict[str, Any]]:
    return [
        {"number": number, "input": each.input, "answer": each.answer, "interaction": each.interaction}
        for number, each in enumerate(package.samples, 1)
    ]


def programs(package: Package) -> list[dict[str, Any]]:
    """Submissions, then input validators."""
    submissions = [(ProgramKind.SUBMISSION, each.program, each.expected) for each in package.submissions]
    validators = [(ProgramKind.INPUT_VALIDATOR, each, Expectation()) for each in package.input_validators]
    return [
        {
            "position": position,
            "kind": kind,
            "path": program.path,
            "language": _storable(program.language),
            "expected": list(expected.verdicts),
            "min_score": expected.min_score,
            "max_score": expected.max_score,
        }
        for position, (kind, program, expected) in enumerate([*submissions, *validators], 1)
    ]


def problem(row: Row, *, statements: bool = False) -> Problem:
    return Problem(
        id=row.id,
        uid=row.uid,
        owner=row.owner,
        visibility=Visibility(row.visibility),
        published=row.published,
        revision=row.revision,
        version=row.version,
        package_digest=row.package_digest,
        bundle=row.bundle,
        kinds=[Kind(kind) for kind in row.kinds],
        max_score=row.max_score,
        title=row.title,
        titles=dict(zip(row.title_languages, row.title_texts, strict=True)),
        time=row.time_us * _MICROSECOND,
        memory_bytes=row.memory_bytes,
        output_bytes=row.output_bytes,
        code_bytes=row.code_bytes,
        time_by_language={
            language: time * _MICROSECOND
            for language, time in zip(row.time_languages, row.time_languages_us, strict=True)
        },
        authors=row.authors,
        source=row.source,
        license=row.license,
        keywords=row.keywords,
        languages=row.languages,
        sample_count=row.sample_count,
        secret_count=row.secret_count,
        create_time=row.create_time,
        update_time=row.update_time,
        statements=_statements(row) if statements else (),
    )


def program(row: Row) -> PackageProgram:
    return PackageProgram(
        position=row.position,
        kind=ProgramKind(row.kind),
        path=row.path,
        language=row.language,
        expected=row.expected,
        min_score=row.min_score,
        max_score=row.max_score,
    )


def _statements(row: Row) -> tuple[Statement, ...]:
    return tuple(map(Statement, row.statement_languages, row.statement_titles, row.statement_htmls))


def _searched(identifier: str, package: Package) -> str:
    return "\n".join((identifier, *package.titles.values(), package.source, *package.keywords))


def _storable(text: str) -> str:
    """Without NUL, which YAML's escapes can make and PostgreSQL does not take."""
    return text.replace("\x00", "")
