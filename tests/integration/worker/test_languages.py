"""Languages: a program of each takes every way to end that there is; third-party programs run as their authors say."""

import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.execution.languages.language import EntryPoint, Language, load_languages
from services.execution.worker.compilation import CompilationLimits, CompileError, Program, compile_program
from services.execution.worker.judging import Judge
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.run import RunLimits, RunReport
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import Task
from services.execution.worker.toolchains import LanguageMissing, versions
from services.execution.worker.verdicts import Verdict, judge_run
from tests.integration.worker.packages import package_bundle

MIB = 1024 * 1024
PROGRAMS = {path.stem: path for path in (Path(__file__).parent / "languages").iterdir()}
DATA = Path(os.environ.get("JUDGEMESH_DATA", "."))
PISTON = DATA / "piston-langtests" / "packages"
PISTON_NAMES = {"pypy3": "python", "javascript": "node", "csharp": "mono"}
LABELS = DATA / "kattis-problemtools" / "labelled_submissions.jsonl"
PROBLEMS = {"hello", "different"}
# Programs that are not in the language as it is installed from Debian 12.
OTHER_DIALECT = {"pypy3": "the newest one is written in Python 3.10", "scala": "the newest one is written in Scala 3"}
# What each compiler is to complain about, and a part of what it says.
BROKEN = {
    "csharp": ("class A { int }", "error CS"),
    "go": ("package main\nfunc main() { x }", "undefined: x"),
    "haskell": ("main = putStrLn 5 +", "parse error"),
    "javascript": ("let = = 1", "SyntaxError"),
    "kotlin": ("fun main() { x }", "unresolved reference"),
    "lua": ("if then", "unexpected symbol"),
    "ocaml": ("let x = ", "Syntax error"),
    "pascal": ("begin x := 1; end.", "Identifier not found"),
    "perl": ("if (", "syntax error"),
    "php": ("<?php if (", "Parse error"),
    "pypy3": ("if True print(1)", "SyntaxError"),
    "ruby": ("def (", "syntax error"),
    "rust": ("fn main() { x }", "cannot find value `x`"),
    "scala": ("object A { x }", "not found: value x"),
    "typescript": ("const x: number = 'a';", "is not assignable"),
}
NUMBERS = range(100_000)
INPUTS = {"sum": b"sum\n" + b"".join(b"%d %d\n" % (n, 3 * n) for n in NUMBERS)}
COMPILATION = CompilationLimits(cpu_seconds=60, memory_bytes=2048 * MIB)


@pytest.fixture(scope="module")
async def slot(worker_directory: Path) -> AsyncIterator[Sandbox]:
    """A slot that may read what GHC keeps outside of /usr."""
    user = SlotSettings.user_of_slot(1, 61000)
    settings = SlotSettings(directory=worker_directory / "languages", user=user, readable=("/var/lib/ghc",))
    async with Sandbox(settings) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
async def installed(slot: Sandbox) -> dict[str, str]:
    """The versions of those languages that can be judged here."""
    try:
        return {language.id: version for language, version in await versions(load_languages().values(), slot)}
    except LanguageMissing:
        return {}


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
async def language(request: pytest.FixtureRequest, installed: dict[str, str]) -> Language:
    """Each language that has a program here and is installed."""
    found = load_languages()[request.param]
    if found.id not in installed:
        pytest.skip(f"needs the package {found.package}")
    return found


@pytest.fixture(scope="module")
async def program(language: Language, slot: Sandbox) -> AsyncIterator[Program]:
    """The language's program, which does what its first line of input says."""
    source = PROGRAMS[language.id]
    built = await compile_program(language, {source.name: source.read_bytes()}, COMPILATION, slot)
    yield built
    workdir.remove(built.directory)


async def run(program: Program, slot: Sandbox, mode: str, *, cpu: float = 5) -> tuple[RunReport, Verdict | None]:
    limits = RunLimits(cpu_seconds=cpu, wall_seconds=2 * cpu + 5, memory_bytes=256 * MIB, output_bytes=8 * MIB)
    with tempfile.TemporaryFile() as file:
        file.write(INPUTS.get(mode, f"{mode}\n".encode()))
        file.seek(0)
        report = await slot.run(program.request(limits, stdin=os.dup(file.fileno())))
    ruling = judge_run(report, limits, program.language.out_of_memory)
    return report, ruling.verdict if ruling else None


async def test_reads_and_writes_many_lines(program: Program, slot: Sandbox) -> None:
    """A program adds 100,000 pairs of numbers within 256 MiB, and prints nothing else."""
    report, verdict = await run(program, slot, "sum")

    assert verdict is None, report
    assert report.output == b"".join(b"%d\n" % (4 * n) for n in NUMBERS)


async def test_recurses_deeply(program: Program, slot: Sandbox) -> None:
    """A function may call itself 50,000 times deep."""
    report, verdict = await run(program, slot, "deep")

    assert verdict is None, report
    assert report.output.strip() == b"50000"


@pytest.mark.parametrize(
    ("mode", "cpu", "expected"),
    [
        ("fail", 5, Verdict.RUNTIME_ERROR),
        ("loop", 0.2, Verdict.TIME_LIMIT_EXCEEDED),
        ("memory", 5, Verdict.MEMORY_LIMIT_EXCEEDED),
    ],
)
async def test_bad_end_gets_its_verdict(
    mode: str, cpu: float, expected: Verdict, program: Program, slot: Sandbox
) -> None:
    """An exit code, an endless loop and a ramp of memory are told apart, whatever the runtime makes of them."""
    report, verdict = await run(program, slot, mode, cpu=cpu)

    assert verdict == expected, report


async def test_refused_source_gets_the_compilers_message(language: Language, slot: Sandbox) -> None:
    """A mistake in the source is COMPILE_ERROR, in the compiler's own words."""
    source, message = BROKEN[language.id]

    with pytest.raises(CompileError) as caught:
        await compile_program(language, {f"broken.{language.sources[0]}": source.encode()}, COMPILATION, slot)

    assert message in caught.value.output


@pytest.mark.skipif(not PISTON.exists(), reason="JUDGEMESH_DATA has no piston-langtests")
async def test_third_party_program_says_ok(language: Language, slot: Sandbox) -> None:
    """The newest test program for the language prints OK."""
    if language.id in OTHER_DIALECT:
        pytest.skip(OTHER_DIALECT[language.id])
    folder = PISTON / PISTON_NAMES.get(language.id, language.id)
    newest = max(folder.iterdir(), key=lambda path: [int(part) for part in path.name.split(".")])
    source = next(path for path in newest.glob("test.*") if path.suffix[1:] in language.sources)

    built = await compile_program(language, {source.name: source.read_bytes()}, COMPILATION, slot)
    report, verdict = await run(built, slot, "")
    workdir.remove(built.directory)

    assert verdict is None, report
    assert report.output.strip() == b"OK"


def labelled() -> list[dict[str, str]]:
    rows = [json.loads(line) for line in LABELS.read_text().splitlines()] if LABELS.exists() else []
    return [
        row
        for row in rows
        if "accepted" == row["category"]
        and row["language"] in PROGRAMS
        and row["problem"] in PROBLEMS
        and not row["multifile"]
    ]


@pytest.mark.skipif(not LABELS.exists(), reason="JUDGEMESH_DATA has no labelled submissions")
@pytest.mark.parametrize("row", labelled(), ids=lambda row: Path(row["path"]).name)
async def test_labelled_submission_is_accepted(
    row: dict[str, str], judge: Judge, store: dict[str, bytes], installed: dict[str, str], slot: Sandbox
) -> None:
    """A submission that its author calls accepted is."""
    if row["language"] not in installed:
        pytest.skip(f"needs the package {load_languages()[row['language']].package}")
    source = DATA / row["path"]
    folder = DATA / "kattis-problemtools" / "examples" / row["problem"]
    digest, content = package_bundle(folder, time=5, memory_mib=512)
    store[digest] = content
    task = Task(
        judging=source.name,
        submission="submissions/1",
        problem="problems/test",
        bundle=digest,
        language=row["language"],
        files={source.name: source.read_bytes()},
    )

    outcome = await judge.judge(task, Slot(slot, slot), lambda event: None)

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome


def test_extension_names_one_language() -> None:
    """A file's language can be told by its extension: no two claim the same."""
    extensions = [extension for language in load_languages().values() for extension in language.extensions]

    assert len(set(extensions)) == len(extensions)


@pytest.mark.parametrize(
    ("kind", "files", "expected"),
    [
        (EntryPoint.KOTLIN_MAIN, {"hello.kt": "fun main() {}"}, "HelloKt"),
        (EntryPoint.KOTLIN_MAIN, {"2-a.kt": "package p.q\nfun main() {}"}, "p.q._2_aKt"),
        (EntryPoint.KOTLIN_MAIN, {"a.kt": '@file:JvmName("X")\nfun main() {}'}, "X"),
        (EntryPoint.KOTLIN_MAIN, {"a.kt": "object O { @JvmStatic fun main(a: Array<String>) {} }"}, "O"),
        (EntryPoint.KOTLIN_MAIN, {"a.kt": "object O { }\nfun main() {}"}, "AKt"),
        (EntryPoint.SCALA_MAIN, {"a.scala": "object A { }\nobject B { def main(args: Array[String]) {} }"}, "B"),
        (EntryPoint.SCALA_MAIN, {"a.scala": "package p\n// object No extends App\nobject A extends App {}"}, "p.A"),
        (EntryPoint.MAIN_FILE, {"a.rb": "", "main.rb": ""}, "main.rb"),
        (EntryPoint.MAIN_FILE, {"b.rb": "", "a.rb": ""}, "a.rb"),
        (EntryPoint.MAIN_MODULE, {"hello.ts": ""}, "hello"),
    ],
)
def test_entry_point_is_found_in_sources(kind: EntryPoint, files: dict[str, str], expected: str) -> None:
    """Where a program starts is found without it being compiled."""
    sources = tuple({name.rpartition(".")[2] for name in files})
    language = Language(
        id="x", name="X", extensions=sources, sources=sources, compile=(), run=(), version=(), entry_point=kind
    )

    assert expected == language.entry({name: text.encode() for name, text in files.items()})
