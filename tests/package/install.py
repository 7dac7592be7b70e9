#!/usr/bin/env python3
"""Installs what was built, moves it elsewhere, and builds and runs a project of somebody else's against it.

usage: tests/package/install.py BUILD
The last line is `N passed, M failed`.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONSUMER = os.path.join(ROOT, "tests/package/consumer")
TESTS = []


def test(f):
    TESTS.append(f)
    return f


def run(*command, code=0, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, **more)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def configure(w, name, source=CONSUMER, **more):
    folder = os.path.join(w.folder, name)
    said = run("cmake", "-S", source, "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={w.prefix}", f"-DEXAMPLE={ROOT}/tests/unit/embedding_example.cc", "-DCMAKE_BUILD_TYPE=Release",
               f"-DCMAKE_CXX_COMPILER={w.compiler}", **more)
    return folder, said


@test
def the_command_and_its_samples(w):
    polku = os.path.join(w.prefix, "bin/polku")
    assert re.match(r"polku \d+\.\d+\.\d+\n", run(polku, "--version")), "no version"
    assert ", 0 failed" in run(polku, "test", os.path.join(w.prefix, "share/polku/rules/ferry"))
    for name in ("language.md", "serve.md", "embedding.md", "decisions/0010-what-outlives-the-process.md"):
        assert os.path.exists(os.path.join(w.prefix, "share/doc/polku", name)), name


@test
def nothing_but_what_belongs_there(w):
    found = {os.path.relpath(os.path.join(folder, name), w.prefix) for folder, _, names in os.walk(w.prefix) for name in names}
    top = {"/".join(name.split("/")[:2]) for name in found if not name.startswith("lib")}
    assert top == {"bin/polku", "include/polku", "share/polku", "share/doc"}, top
    assert {name for name in found if name.startswith("include/")} == {"include/polku/" + name for name in os.listdir(os.path.join(ROOT, "include/polku"))}
    assert not [name for name in found if name.endswith(".a")], "a static library"
    for name in found:
        if name.endswith(".cmake"):
            with open(os.path.join(w.prefix, name), encoding="utf-8") as file:
                text = file.read()
            assert ROOT not in text and w.build not in text, f"{name} has a path of the machine that built it"


@test
def only_the_public_api_is_seen(w):
    library = next(os.path.join(folder, name) for folder, _, names in os.walk(w.prefix) for name in names if name == "libpolku.so")
    symbols = [line.split(" ", 2)[2] for line in run("nm", "-D", "--extern-only", "--defined-only", "-C", library).splitlines()]
    assert "polku::v0::Pack::load(" in "\n".join(symbols)
    others = [s for s in symbols if not s.startswith("polku::v0::")]
    assert not others, others[:5]
    assert re.search(r"SONAME.*libpolku\.so\.\d+\.\d+\]", run("readelf", "-d", library))


@test
def another_project_is_built_and_runs(w):
    folder, _ = configure(w, "consumer")
    run("cmake", "--build", folder)
    said = run(os.path.join(folder, "consumer"), os.path.join(w.prefix, "share/polku/rules/ferry"))
    assert '"rule":"nudge","outcome":"acted"' in said, said
    linked = run("readelf", "-d", os.path.join(folder, "consumer"))
    assert "libpolku.so" in linked and "yaml" not in linked and "LLVM" not in linked, linked


@test
def a_version_that_does_not_fit_is_refused(w):
    for version in ("0.2", "1.0", "0.0"):
        source = os.path.join(w.folder, "wants-" + version)
        shutil.copytree(CONSUMER, source)
        with open(os.path.join(source, "CMakeLists.txt"), "r+", encoding="utf-8") as file:
            text = file.read().replace("find_package(Polku 0.1", f"find_package(Polku {version}")
            file.seek(0)
            file.write(text)
        assert "compatible with requested version" in " ".join(configure(w, "build-" + version, source, code=1)[1].split())


class World:
    pass


def main():
    w = World()
    w.build = os.path.abspath(sys.argv[1])
    with open(os.path.join(w.build, "CMakeCache.txt"), encoding="utf-8") as file:
        w.compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", file.read(), re.M).group(1)
    w.folder = tempfile.mkdtemp(prefix="polku-install-")
    first, w.prefix = os.path.join(w.folder, "first"), os.path.join(w.folder, "moved here")
    run("cmake", "--install", w.build, "--prefix", first)
    os.rename(first, w.prefix)  # whoever unpacks it may do so anywhere
    passed = failed = 0
    for t in TESTS:
        try:
            t(w)
            passed += 1
        except Exception as e:  # the next one is tried all the same
            failed += 1
            print(f"install: {t.__name__}: {type(e).__name__}: {e}")
    shutil.rmtree(w.folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
