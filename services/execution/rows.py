"""Rows of the schema ``execution`` as domain objects."""

from typing import Any

import sqlalchemy as sa

from services.execution.judgings import GroupResult, Judging, State, TestResult, Usage
from services.execution.submissions import Revision, SourceFile, Submission
from services.execution.tables import judging_table, submission_table

Row = sa.Row[*tuple[Any, ...]]


def submission_of(row: Row, files: tuple[SourceFile, ...] = (), tests: tuple[TestResult, ...] = ()) -> Submission:
    return Submission(
        id=row._mapping[submission_table.c.id],
        problem=row.problem,
        revision=Revision(row.problem_revision, row.bundle),
        user=row.username,
        language=row.language,
        create_time=row.create_time,
        judging=_judging(row),
        files=files,
        tests=tests,
    )


def _judging(row: Row) -> Judging:
    return Judging(
        id=row._mapping[judging_table.c.id],
        state=State(row.state),
        attempt=row.attempt,
        sequence=row.sequence,
        test_count=row.test_count,
        verdict=row.verdict,
        failed_test=row.failed_test,
        usage=_usage(row),
        exceeded_limit=row.exceeded_limit,
        message=row.message,
        compiler_output=row.compiler_output,
        internal_error=row.internal_error,
        start_time=row.start_time,
        end_time=row.end_time,
        score=row._mapping[judging_table.c.score],
        groups=tuple(GroupResult(**group) for group in row.groups),
    )


def test_of(row: Row) -> TestResult:
    return TestResult(
        number=row.number,
        sample=row.sample,
        verdict=row.verdict,
        usage=_usage(row),
        exceeded_limit=row.exceeded_limit,
        exit_code=row.exit_code,
        signal=row.signal,
        message=row.message,
        score=row.score,
    )


def _usage(row: Row) -> Usage:
    return Usage(row.cpu_us, row.wall_us, row.memory_bytes, row.output_bytes)
