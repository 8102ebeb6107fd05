"""Sources that attack their compiler, or that are no text: they get their verdict, and the slot stays as it was."""

import shutil
from pathlib import Path

import pytest

from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.inspection import inspect
from tests.integration.worker.packages import bundle, limits

SECRET = "this is the answer of a test"
MAIN = "int main(void) { return 0; }"
TEMPLATES = """
template<int N, int M> struct F { static const int v = F<N-1, M*2>::v + F<N-1, M*2+1>::v; };
template<int M> struct F<0, M> { static const int v = M; };
int main() { return F<40, 1>::v; }
"""
CONSTANT = """
constexpr int endless(int n) { for (long i = 0; ; i++) if (i == n - 1) return 0; }
constexpr int value = endless(0);
int main() { return value; }
"""
DOUBLING = (
    "#define A0 x;\n" + "".join(f"#define A{n + 1} A{n} A{n}\n" for n in range(40)) + "int x; int main(void) { A40 }"
)
QUOTED = '#define S(x) #x\nconst char *s = S(\n#include "@SECRET@"\n);' + MAIN
ASSEMBLED = '__asm__(".incbin \\"@SECRET@\\"");' + MAIN
ASSEMBLED_FOR_EVER = '__asm__(".rept 1000000000\\n.rept 1000000000\\n.byte 1\\n.endr\\n.endr");' + MAIN
PASCAL = "{$INCLUDE @SECRET@}\nbegin\nend."
HASKELL = """{-# LANGUAGE TemplateHaskell #-}
import Language.Haskell.TH
main = putStrLn $(runIO (readFile "@SECRET@") >>= litE . stringL)
"""

ATTACKS: dict[str, tuple[str, str, str]] = {
    "includes a secret": ("c", "program.c", f'#include "/etc/passwd"\n{MAIN}'),
    "includes the answers of a test": ("c", "program.c", f'#include "@SECRET@"\n{MAIN}'),
    "quotes the answers of a test": ("c", "program.c", QUOTED),
    "assembles the answers of a test": ("c", "program.c", ASSEMBLED),
    "includes an endless device": ("c", "program.c", f'#include "/dev/zero"\n{MAIN}'),
    "includes an endless device of the system": ("c", "program.c", f"#include </dev/zero>\n{MAIN}"),
    "includes noise": ("c", "program.c", f"#include </dev/urandom>\n{MAIN}"),
    "includes its input": ("c", "program.c", "#include </dev/stdin>\n"),
    "includes itself": ("c", "program.c", '#include "program.c"\n#include "program.c"\n'),
    "macro bomb": ("c", "program.c", DOUBLING),
    "template bomb": ("cpp", "program.cpp", TEMPLATES),
    "endless template": ("cpp", "program.cpp", "template<class T> struct A { A<A<T*>> a; }; A<int> a; int main() {}"),
    "endless constant": ("cpp", "program.cpp", CONSTANT),
    "endless assembly": ("c", "program.c", ASSEMBLED_FOR_EVER),
    "huge binary": ("c", "program.c", "char a[1 << 30] = {1}; int main(void) { return a[0]; }"),
    "error messages without end": ("cpp", "program.cpp", "int main() {" + "x" * 100_000 + "(;}" * 10_000),
    "reads at compilation: Rust": ("rust", "main.rs", 'fn main() { print!("{}", include_str!("@SECRET@")); }'),
    "reads bytes at compilation: Rust": (
        "rust",
        "main.rs",
        'static B: &[u8] = include_bytes!("@SECRET@"); fn main() {}',
    ),
    "reads at compilation: Pascal": ("pascal", "main.pas", PASCAL),
    "runs at compilation: Haskell": ("haskell", "main.hs", HASKELL),
    "no source of the language": ("java", "program.c", "class"),
    "NUL bytes: Python": ("python3", "program.py", "print(3)\n\0"),
    "name that is an option": ("c", "-fplugin=x.c", MAIN),
    "name that leaves the directory": ("c", "../program.c", MAIN),
    "name with a line break": ("c", "a\nb.c", MAIN),
    "name for the shell": ("rust", "$(id).rs", "fn main() {}"),
}
COMPILERS = {"rust": "rustc", "pascal": "fpc", "haskell": "ghc", "java": "javac"}

ADD = 'int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b);'
HEAD = b"#include <stdio.h>\n"
UNUSUAL: dict[str, tuple[str, bytes]] = {
    "no text": ("c", HEAD + b"// \xff\xfe\xc3\x28\nint main(void) { " + ADD.encode() + b" }"),
    "NUL bytes": ("c", HEAD + b"/* \0\0 */ int main(void) { " + ADD.encode() + b" }"),
    "a line of 256 kB": ("c", HEAD + b"int main(void) { " + b"; " * (128 << 10) + ADD.encode() + b" }"),
    "a line of 256 kB: Python": ("python3", b"print(3" + b" + 0" * 20 + b")" + b" " * (256 << 10)),
    "carriage returns": ("c", HEAD + b"int main(void) {\r\n" + ADD.encode() + b"\r\n}\r\n"),
    "a byte order mark": ("python3", b"\xef\xbb\xbfprint(3)"),
    "Latin-1 that says so": ("python3", b"# -*- coding: latin-1 -*-\nprint(3)  # \xe9"),
}


@pytest.fixture(scope="module")
def secret(worker_directory: Path) -> Path:
    """A file of the worker's that no compiler may read."""
    path = worker_directory / "answers"
    path.mkdir(exist_ok=True)
    (path / "1.ans").write_text(SECRET)
    return path / "1.ans"


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_on_the_compiler_is_a_compile_error(
    name: str, judge_files: JudgeFiles, sandbox: Sandbox, secret: Path
) -> None:
    """A source that attacks the compiler ends as COMPILE_ERROR, shows nothing of the machine, and leaves nothing."""
    language, file, source = ATTACKS[name]
    if language in COMPILERS and shutil.which(COMPILERS[language], path="/usr/local/bin:/usr/bin:/bin") is None:
        pytest.skip(f"{COMPILERS[language]} is not installed")
    quick = limits(time=0.5, memory_mib=128)
    quick.compilation_time.FromSeconds(3)
    quick.compilation_memory_bytes = 512 << 20

    before = await inspect(sandbox)
    content = source.replace("@SECRET@", str(secret)).encode()
    outcome = await judge_files(bundle([(b"1 2\n", b"3\n")], limits=quick), language, {file: content})
    after = await inspect(sandbox)

    assert outcome.ruling.verdict == Verdict.COMPILE_ERROR, outcome
    assert "root:" not in outcome.compiler_output
    assert SECRET not in outcome.compiler_output
    assert before == after
    assert [path.name for path in sandbox.settings.directory.iterdir()] == ["scratch"]


@pytest.mark.parametrize("name", UNUSUAL)
async def test_unusual_source_is_compiled_like_any(name: str, judge_files: JudgeFiles) -> None:
    """What a compiler takes is accepted: bytes that are no text, and lines of any length."""
    language, source = UNUSUAL[name]
    file = "program.c" if language == "c" else "program.py"

    outcome = await judge_files(bundle([(b"1 2\n", b"3\n")], limits=limits(time=2)), language, {file: source})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome
