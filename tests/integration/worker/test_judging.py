"""Judging: limits as each runtime meets them, and custom output validators."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.execution.worker import judging
from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

ADD_PYTHON = {"main.py": b"print(sum(map(int, input().split())))"}
MEMORY = {
    "python3, touched": ("python3", {"main.py": b"x = []\nwhile True: x.append('x' * 1000000)"}),
    "python3, never touched": ("python3", {"main.py": b"x = []\nwhile True: x.append(bytes(1 << 20))"}),
    "cpp": ("cpp", {"a.cpp": b"#include <vector>\nint main() { std::vector<int> v; for (;;) v.push_back(1); }"}),
    "java": (
        "java",
        {
            "x.java": b"import java.util.*; public class Ramp { public static void main(String[] a) {"
            b"List<int[]> l = new ArrayList<>(); for (;;) l.add(new int[100000]); } }"
        },
    ),
}
JAVA_DEEP = b"""
class Deep {
    static int depth(int n) { return n == 0 ? 0 : 1 + depth(n - 1); }
    public static void main(String[] a) { System.out.println(depth(200000) - 199997); }
}
"""


@pytest.mark.parametrize("name", MEMORY)
async def test_memory_ramp_in_each_runtime(name: str, judge_files: JudgeFiles) -> None:
    """However a runtime meets the memory limit, the verdict says memory."""
    language, files = MEMORY[name]

    outcome = await judge_files(bundle([(b"", b"")], limits=limits(time=5, memory_mib=128)), language, files)

    assert outcome.ruling.verdict == Verdict.MEMORY_LIMIT_EXCEEDED, outcome


async def test_small_limits_let_every_runtime_start(judge_files: JudgeFiles) -> None:
    """A program of each language runs within 64 MiB, Java within 128 MiB, and Java recurses deeply."""
    small = bundle([(b"1 2", b"3")], limits=limits(memory_mib=64))
    java = bundle([(b"1 2", b"3")], limits=limits(memory_mib=128))

    outcomes = [
        await judge_files(small, "python3", ADD_PYTHON),
        await judge_files(small, "cpp", {"a.cpp": b'#include <iostream>\nint main() { std::cout << "3"; }'}),
        await judge_files(java, "java", {"whatever.java": JAVA_DEEP}),
    ]

    assert [outcome.ruling.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3, outcomes


async def test_several_files_are_one_program(judge_files: JudgeFiles) -> None:
    """Headers and modules beside the source are found, when compiling and when running."""
    three = bundle([(b"1 2", b"3")], limits=limits())
    cpp = {"main.cpp": b'#include "three.h"\nint main() { return print(); }', "three.h": b"int print();"}
    cpp["three.cpp"] = b'#include <cstdio>\n#include "three.h"\nint print() { puts("3"); return 0; }'
    python = {"main.py": b"import three; print(three.value)", "three.py": b"value = 3"}

    outcomes = [await judge_files(three, "cpp", cpp), await judge_files(three, "python3", python)]

    assert [outcome.ruling.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 2, outcomes


async def test_python_is_checked_but_not_executed_when_compiled(judge_files: JudgeFiles) -> None:
    """A syntax error is COMPILE_ERROR with the interpreter's message; an error at run time is not."""
    one = bundle([(b"", b"")], limits=limits())

    syntax = await judge_files(one, "python3", {"main.py": b"print('never')\nif True print(1)\n"})
    runtime = await judge_files(one, "python3", {"main.py": b"raise SystemExit(1)"})

    assert syntax.ruling.verdict == Verdict.COMPILE_ERROR
    assert "SyntaxError" in syntax.compiler_output
    assert "never" not in syntax.compiler_output.splitlines()
    assert runtime.ruling.verdict == Verdict.RUNTIME_ERROR


async def test_invalid_bytes_in_source_and_output(judge_files: JudgeFiles) -> None:
    """Bytes that are no text neither break the judge nor its messages."""
    one = bundle([(b"", b"\xff\x00\n")], limits=limits())

    source = await judge_files(one, "c", {"a.c": b"int main(void) { \xff\xfe\x00 }"})
    output = await judge_files(
        one, "c", {"a.c": b'#include <stdio.h>\nint main(void) { fwrite("\\xff\\0\\n", 1, 3, stdout); }'}
    )

    assert source.ruling.verdict == Verdict.COMPILE_ERROR
    assert "\0" not in source.compiler_output
    assert output.ruling.verdict == Verdict.ACCEPTED


PYTHON_VALIDATOR = {
    "validate.py": b"import sys, pathlib\nfrom helper import exact\n"
    b"given, answer = (open(name).read().split() for name in sys.argv[1:3])\n"
    b"pathlib.Path(sys.argv[3], 'judgemessage.txt').write_text('seen')\n"
    b"assert sys.argv[4:] == ['strict']\n"
    b"sys.exit(42 if exact(sys.stdin.read().split(), answer) else 43)\n",
    "helper.py": b"def exact(got, wanted): return got == wanted\n",
}
C_VALIDATOR = {
    "validate.c": b'#include <stdio.h>\n#include "codes.h"\n'
    b"int main(int c, char **v) { int a, b; FILE *f = fopen(v[2], \"r\");"
    b"return fscanf(f, \"%d\", &a) == 1 && scanf(\"%d\", &b) == 1 && a == b ? YES : NO; }",
    "codes.h": b"enum { YES = 42, NO = 43 };",
}  # fmt: skip


@pytest.mark.parametrize("validator", [PYTHON_VALIDATOR, C_VALIDATOR], ids=["python3", "c"])
async def test_custom_validator_decides(validator: dict[str, bytes], judge_files: JudgeFiles) -> None:
    """A problem's own validator sees input, answer, output and flags, and its exit code is the verdict."""
    checked = bundle([(b"1 2", b"3")], limits=limits(), flags=["strict"], validator=validator)

    good = await judge_files(checked, "python3", ADD_PYTHON)
    bad = await judge_files(checked, "python3", {"main.py": b"print(4)"})

    assert (good.ruling.verdict, bad.ruling.verdict) == (Verdict.ACCEPTED, Verdict.WRONG_ANSWER), (good, bad)


BROKEN_VALIDATORS = {
    "crashes": b"raise ValueError('secret')",
    "never ends": b"while True: pass",
    "accepts in a language of its own": b"raise SystemExit(0)",
    "does not compile": b"if",
    "writes without end": b"while True: print('x' * 1000)",
}


@pytest.mark.parametrize("name", BROKEN_VALIDATORS)
async def test_broken_validator_is_the_judges_fault(name: str, judge_files: JudgeFiles) -> None:
    """A validator that fails gives JUDGE_ERROR with the reason for the operator alone."""
    quick = limits()
    quick.validation_time.FromMilliseconds(500)
    broken = bundle([(b"1 2", b"3")], limits=quick, validator={"validate.py": BROKEN_VALIDATORS[name]})

    outcome = await judge_files(broken, "python3", ADD_PYTHON)

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR
    assert "output validator" in outcome.ruling.internal_error
    assert "validator" not in outcome.ruling.message


async def test_program_cannot_read_answers(judge_files: JudgeFiles) -> None:
    """Neither the bundle's directory nor the validator's links are open to a program."""
    source = b"""
import glob, os
found = []
for folder, _, names in os.walk("/var/tmp"):
    found += [os.path.join(folder, name) for name in names]
print(len(found))
"""

    outcome = await judge_files(bundle([(b"1", b"0")], limits=limits()), "python3", {"main.py": source})

    assert outcome.ruling.verdict == Verdict.ACCEPTED


async def test_each_test_is_a_span(judge_files: JudgeFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compilation and each test are spans with verdict, CPU time and memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(judging, "tracer", provider.get_tracer("test"))

    await judge_files(bundle([(b"1 2", b"3"), (b"2 2", b"5")], limits=limits()), "python3", ADD_PYTHON)
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}

    assert list(spans) == ["compile", "test 1", "test 2"]
    assert spans["test 2"]["judgemesh.verdict"] == "WRONG_ANSWER"
    assert spans["test 2"]["judgemesh.cpu_ms"] > 0
    assert spans["test 2"]["judgemesh.memory_bytes"] > 1 << 20


async def test_arguments_and_files_of_a_test(judge_files: JudgeFiles) -> None:
    """A test's arguments are the program's; its files lie in the working directory, new for each run."""
    source = b"""
import os, sys
print(sys.argv[1:], sorted(os.listdir()), open("folder/inner.txt").read())
open("left", "w").write("behind")
"""
    said = b"['--fast', 'a b'] ['data.bin', 'folder'] inner"
    tests = bundle(
        [(b"", said), (b"", said)],
        limits=limits(),
        arguments=["--fast", "a b"],
        files={"data.bin": bytes(40 << 20), "folder/inner.txt": b"inner"},
    )

    outcome = await judge_files(tests, "python3", {"main.py": source})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome


async def test_limit_of_the_compilation_is_told(judge_files: JudgeFiles) -> None:
    """A compiler that exceeds a limit gives COMPILE_ERROR, whose message and output say which."""
    short, small = limits(), limits()
    short.compilation_time.FromMilliseconds(100)
    small.compilation_memory_bytes = 24 << 20
    source = {"a.cpp": b'#include <bits/stdc++.h>\nint main() { std::regex r("a*"); }'}

    slow = await judge_files(bundle([(b"", b"")], limits=short), "cpp", source)
    large = await judge_files(bundle([(b"", b"")], limits=small), "cpp", source)

    assert (slow.ruling.verdict, large.ruling.verdict) == (Verdict.COMPILE_ERROR,) * 2
    assert "needed more than the 0.1 s of CPU time" in slow.ruling.message
    assert "needed more memory than the 24 MiB" in large.ruling.message
    assert slow.ruling.message in slow.compiler_output
    assert large.ruling.message in large.compiler_output


async def test_unknown_flag_is_told_to_the_operator(judge_files: JudgeFiles) -> None:
    """A flag that the default validator lacks gives JUDGE_ERROR; flag and problem are named for the operator alone."""
    wrong = bundle([(b"1 2", b"3")], limits=limits(), flags=["case_insensitive"])

    outcome = await judge_files(wrong, "python3", ADD_PYTHON)

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR
    assert "problems/test" in outcome.ruling.internal_error
    assert "'case_insensitive'" in outcome.ruling.internal_error
    assert "case_insensitive" not in outcome.ruling.message
