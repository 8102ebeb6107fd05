"""Languages: their files can be read, and programs are found to start where they do."""

import re
from pathlib import Path

import pytest

from services.execution.languages import language
from services.execution.languages.entry_points import java_main_class, java_public_type, python_main_file
from services.execution.languages.language import load_languages


def test_languages_are_loaded() -> None:
    """The languages that every installation has are read from their files."""
    assert {"c", "cpp", "java", "python3"} <= set(load_languages())


def test_sources_are_arguments_and_headers_are_not() -> None:
    """The compiler is given every source file, in order, and no name that looks like an option."""
    files = {"b.cc": b"", "-o.cc": b"", "a.h": b""}

    command = load_languages()["cpp"].compile_command(files, 1 << 30)

    assert command[-2:] == ("./-o.cc", "./b.cc")


def test_language_needs_every_program_that_compiles_or_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler alone is not enough where the program is run by another one."""
    (tmp_path / "javac").touch(mode=0o755)
    monkeypatch.setattr(language, "TOOLCHAIN_PATH", str(tmp_path))

    java = load_languages()["java"]

    assert java.missing == ("java",)
    assert not java.installed


def test_compiled_program_is_no_program_of_the_language() -> None:
    """What a compiler writes is not looked for in the system."""
    assert load_languages()["c"].programs == ("gcc",)


def test_heap_is_what_the_limit_leaves() -> None:
    """Java's heap is the memory limit without what the machine itself needs, and at least half of it."""
    java = load_languages()["java"]
    files = {"Main.java": b"class Main { public static void main(String[] a) {} }"}

    commands = [java.run_command("/build", java.entry(files), mib << 20) for mib in (512, 64)]

    assert "-Xmx448m" in commands[0]
    assert "-Xmx32m" in commands[1]
    assert commands[0][-1] == "Main"


@pytest.mark.parametrize(
    ("source", "main"),
    [
        ("public class hello { public static void main(String args[]) {} }", "hello"),
        ("class Helper {} public class App { static public void main(String[] a) {} }", "App"),
        ("// class No { static void main(\nclass Yes { public static void main(String[] a) {} }", "Yes"),
        ('class A { String s = "class B {"; public static void main(String[] a) {} }', "A"),
        ("package a.b; class C { public static void main(String[] a) {} }", "a.b.C"),
        ("class Outer { static class Inner { int x; } public static void main(String[] a) {} }", "Outer"),
        ("enum E { A; public static void main(String[] a) {} }", "E"),
        ("class Without { }", "Main"),
    ],
)  # fmt: skip
def test_java_main_class(source: str, main: str) -> None:
    """The class with `main` is found, whatever strings and comments say."""
    assert java_main_class({"x.java": source.encode()}) == main


def test_java_public_type() -> None:
    """The public top-level type gives the file its name."""
    source = b"class A { public static class B {} } public final class C { }"

    assert java_public_type(source) == "C"


def test_python_main_file() -> None:
    """main.py is run where there is one, else the first file that no other one imports."""
    assert python_main_file({"a.py": b"", "main.py": b""}) == "main.py"
    assert python_main_file({"b.py": b"", "c.py": b""}) == "b.py"
    assert python_main_file({"a.py": b"", "b.py": b"from a import x\n"}) == "b.py"


def test_workers_image_has_every_language() -> None:
    """The image installs the package of each language that there is, and nothing else for them."""
    dockerfile = (Path(__file__).parents[3] / "Dockerfile.worker").read_text()
    (packages,) = re.findall(r'^ARG PACKAGES="([^"]*)"', dockerfile, re.MULTILINE)

    assert {language.package for language in load_languages().values()} == set(packages.replace("\\", " ").split())
