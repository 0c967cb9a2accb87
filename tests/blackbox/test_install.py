"""What `make install` leaves: enough to build a program with pkg-config, and no name that is not leat's."""
import os
import re
import subprocess

import pytest

from program import ROOT, environment

pytestmark = pytest.mark.release_only

PROGRAM = """
#include <leat.h>
#include <stdio.h>
int main(void) {
    struct leat_options options = {.backend = "memory"};
    struct leat *db = NULL;
    struct leat_fault fault;
    if (leat_open(&options, &db, &fault) != LEAT_OK) return 1;
    leat_close(db);
    return puts(leat_version()) < 0;
}
"""


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(), cwd=ROOT, **more)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(name="prefix", scope="module")
def fixture_prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    run("make", "-s", "install", f"PREFIX={prefix}")
    return prefix


def pkg_config(prefix, *words):
    os.environ["PKG_CONFIG_PATH"] = str(prefix / "lib/pkgconfig")
    return run("pkg-config", *words, "leat").split()


def names(*words):
    return {line.split()[-1] for line in run("nm", *words).splitlines() if len(line.split()) == 3}


def test_destdir_goes_before_the_prefix_and_not_into_the_files(tmp_path):
    run("make", "-s", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/leat")
    installed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    assert installed == {f"opt/leat/{name}" for name in (
        "bin/leat", "include/leat.h", "include/leat_types.h", "lib/libleat.a", "lib/libleat.so", "lib/libleat.so.0",
        "lib/pkgconfig/leat.pc")}
    described = (tmp_path / "opt/leat/lib/pkgconfig/leat.pc").read_text()
    assert "prefix=/opt/leat\n" in described and str(tmp_path) not in described


@pytest.mark.parametrize("linking", ["shared", "static"])
def test_a_program_is_built_with_pkg_config(prefix, tmp_path, linking):
    (tmp_path / "program.c").write_text(PROGRAM)
    flags = pkg_config(prefix, "--cflags", "--libs", *(["--static"] if linking == "static" else []))
    if linking == "static":
        flags = [str(prefix / "lib/libleat.a") if flag == "-lleat" else flag for flag in flags]
    run("gcc", "-Wall", "-Werror", "-o", str(tmp_path / "program"), str(tmp_path / "program.c"), *flags,
        f"-Wl,-rpath,{prefix}/lib")
    assert run(str(tmp_path / "program")).strip() == pkg_config(prefix, "--modversion")[0]


def test_the_header_is_good_cplusplus(prefix, tmp_path):
    (tmp_path / "program.cc").write_text("#include <leat.h>\nint main() { return leat_version() == nullptr; }\n")
    run("clang", "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{prefix}/include",
        str(tmp_path / "program.cc"))


@pytest.mark.parametrize("library", [["-D", "lib/libleat.so.0"], ["-g", "lib/libleat.a"]])
def test_only_leat_names_are_visible(prefix, library):
    *options, name = library
    found = names(*options, "--defined-only", str(prefix / name))
    assert "leat_open" in found
    assert {name for name in found if not name.startswith("leat_")} == set()


def test_each_declared_function_is_there(prefix):
    preprocessed = run("gcc", "-E", "-P", "-x", "c", "-DLEAT_PUBLIC=LEAT_PUBLIC", f"-I{prefix}/include",
                       str(prefix / "include/leat.h"))
    declared = set(re.findall(r"\b(leat_\w+)\s*\([^;{}]*\)\s*(?:__attribute__\s*\(\(\w+\)\)\s*)?;", preprocessed))
    exported = names("-D", "--defined-only", str(prefix / "lib/libleat.so.0"))
    assert "leat_open" in declared
    assert {name for name in declared if not name.endswith("_fn")} - exported == set()
