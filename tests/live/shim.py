#!/usr/bin/env python3
"""What the disk of disk.py and shim.cc keeps when the power goes: exactly what an fsync covered, and at random what a disk may have written by itself.

usage: tests/live/shim.py
The last line is `N passed, M failed`.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from disk import Disk  # noqa: E402

TESTS = []
TOOLS = """
import os, sys, errno
def make(name, text=b"", how=os.O_WRONLY | os.O_CREAT | os.O_APPEND):
    file = os.open(name, how, 0o600)
    if text:
        os.write(file, text)
    return file
def sync(name):
    file = os.open(name, os.O_RDONLY)
    os.fsync(file)
    os.close(file)
def old(name, text=b"old"):
    os.close(make(name, text)); sync(name); sync(".")
"""


def test(f):
    TESTS.append(f)
    return f


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def run(disk, code):
    """A program that uses the disk, in its folder, and is killed at its end."""
    done = subprocess.run([sys.executable, "-c", TOOLS + code + "\nos.kill(os.getpid(), 9)"], cwd=disk.folder, env={**os.environ, **disk.env}, capture_output=True, text=True, timeout=60)
    if done.returncode != -9:
        raise AssertionError(f"exit code {done.returncode}: {done.stdout}{done.stderr}")


def after(disk, code, rnd=None):
    """What is on the disk after that program and a cut: folders as None."""
    run(disk, code)
    disk.cut(rnd)
    out = {}
    for path in disk.paths():
        name = os.path.relpath(path, disk.folder)
        if os.path.isdir(path):
            out[name] = None
        else:
            with open(path, "rb") as file:
                out[name] = file.read()
    return out


@test
def without_fsync_it_is_lost(disk):
    same(after(disk, 'make("a", b"one")'), {})
    same(after(disk, 'make("a", b"one"); sync(".")'), {"a": b""})
    same(after(disk, 'os.fsync(make("a", b"one"))'), {"a": b"one"})
    same(after(disk, 'os.unlink("a"); sync("."); os.fsync(make("b", b"two"))'), {})


@test
def with_fsync_it_is_kept(disk):
    same(after(disk, 'os.fsync(make("a", b"one")); sync(".")'), {"a": b"one"})
    same(after(disk, 'f = make("a", b" two"); os.fdatasync(f); os.write(f, b" three")'), {"a": b"one two"})
    same(after(disk, 'f = make("a"); os.fsync(f); os.write(f, b" four"); os.fdatasync(f)'), {"a": b"one two four"})


@test
def overwritten_and_cut_files_are_what_they_were(disk):
    same(after(disk, 'old("a", b"0123456789"); f = make("a", how=os.O_WRONLY); os.pwrite(f, b"xyz", 8); os.pwrite(f, b"q", 0)'), {"a": b"0123456789"})
    same(after(disk, 'f = make("a", how=os.O_WRONLY); os.pwrite(f, b"q", 0); os.fsync(f); os.ftruncate(f, 3); os.pwrite(f, b"r", 1)'), {"a": b"q123456789"})
    same(after(disk, 'f = make("a", how=os.O_WRONLY | os.O_TRUNC); os.write(f, b"new")'), {"a": b"q123456789"})
    same(after(disk, 'f = make("a", how=os.O_WRONLY); os.ftruncate(f, 2); os.fsync(f); os.ftruncate(f, 20)'), {"a": b"q1"})
    same(after(disk, 'f = make("a", how=os.O_WRONLY); os.posix_fallocate(f, 0, 4); os.writev(f, [b"w", b"vvvv"])'), {"a": b"q1"})
    same(after(disk, 'f = make("a", how=os.O_WRONLY); os.posix_fallocate(f, 0, 4); os.fsync(f)'), {"a": b"q1\0\0"})


@test
def names_are_kept_by_their_folder(disk):
    same(after(disk, 'old("a"); os.rename("a", "b")'), {"a": b"old"})
    same(after(disk, 'os.rename("a", "b"); sync(".")'), {"b": b"old"})
    same(after(disk, 'f = make("c", b"new"); os.fsync(f); os.rename("c", "b")'), {"b": b"old"})
    same(after(disk, 'f = make("c", b"new"); os.rename("c", "b"); sync(".")'), {"b": b""})
    same(after(disk, 'f = make("c", b"new"); os.fsync(f); os.rename("c", "b"); sync("."); os.unlink("b"); os.fsync(make("b", b"newer"))'), {"b": b"new"})
    same(after(disk, 'os.unlink("b"); sync(".")'), {})


@test
def folders_go_with_what_is_in_them(disk):
    same(after(disk, 'os.mkdir("d"); os.fsync(make("d/a", b"one")); sync("d")'), {})
    same(after(disk, 'os.mkdir("d"); sync("."); os.fsync(make("d/a", b"one"))'), {"d": None})
    same(after(disk, 'os.fsync(make("d/a", b"one")); sync("d"); os.rename("d", "e")'), {"d": None, "d/a": b"one"})
    same(after(disk, 'os.rename("d", "e"); os.link("e/a", "b"); sync("e")'), {"d": None, "d/a": b"one"})
    same(after(disk, 'os.link("d/a", "b"); sync("."); os.unlink("d/a"); os.rmdir("d")'), {"b": b"one", "d": None, "d/a": b"one"})
    same(after(disk, 'os.unlink("d/a"); os.rmdir("d"); sync(".")'), {"b": b"one"})


@test
def an_fsync_covers_what_was_there_when_it_began(disk):
    disk.be(fastest=400, slowest=400)
    code = 'import threading, time; f = make("a", b"one"); sync("."); t = threading.Thread(target=os.fsync, args=(f,)); t.start(); time.sleep(0.15); os.write(f, b" two"); '
    same(after(disk, code + "t.join()"), {"a": b"one"})
    disk.be(fastest=60000, slowest=60000)
    same(after(disk, code.replace('; sync(".")', "") + "pass"), {"a": b"one"})  # it never ended


@test
def who_is_lied_to_loses(disk):
    disk.be(ignored="*.log")
    same(after(disk, 'for n in "a.log", "b": os.fsync(make(n, b"one"))\nsync(".")'), {"a.log": b"", "b": b"one"})
    disk.be(ignored=".")
    same(after(disk, 'os.fsync(make("c", b"one")); sync(".")'), {"a.log": b"", "b": b"one"})


@test
def a_full_disk_takes_part_of_it_or_nothing(disk):
    run(disk, 'old("a")')
    disk.be(full=True)
    run(disk, """
f, some = make("a"), set()
for _ in range(100):
    try:
        some.add(os.write(f, b"12345678"))
    except OSError as e:
        assert e.errno == errno.ENOSPC
        some.add(0)
assert len(some) > 3 and 8 not in some, some
os.ftruncate(f, 3)
for work in (lambda: make("b"), lambda: os.mkdir("d"), lambda: os.link("a", "c"), lambda: os.posix_fallocate(f, 0, 99)):
    try:
        work()
        raise SystemExit("there was room")
    except OSError as e:
        assert e.errno == errno.ENOSPC
""")
    disk.be()
    same(after(disk, 'os.fsync(make("a", b" and new"))'), {"a": b"old and new"})


@test
def what_no_fsync_covered_may_be_there_in_part(disk):
    text = bytes(range(1, 251)) * 60
    found = set()
    for seed in range(60):
        rnd = random.Random(seed)
        name = f"{seed}"
        left = after(disk, f'f = make("{name}"); sync("."); os.write(f, b"durable"); os.fsync(f); t = bytes(range(1, 251)) * 60; [os.write(f, t[n:n + 3000]) for n in range(0, 15000, 3000)]', rnd)[name]
        same(left[:7], b"durable")
        rest = left[7:]
        whole = text[:len(rest)]
        if any(a not in (b, 0) for a, b in zip(rest, whole)):
            raise AssertionError("something that was never written")
        found.add("nothing" if not rest else "all" if rest == text else "the first" if rest == whole else "zeros")
    same(found, {"nothing", "all", "the first", "zeros"})


@test
def what_passes_the_shim_is_noticed(disk):
    run(disk, 'import ctypes; f = make("a"); ctypes.CDLL(None).syscall(1, f, b"past", 4)')
    try:
        disk.cut()
    except RuntimeError as e:
        same("changed past the shim" in str(e), True)
    else:
        raise AssertionError("nobody noticed")


def main():
    failed = 0
    for one in TESTS:
        root = tempfile.mkdtemp(prefix="polku-shim-")
        try:
            one(Disk(os.path.join(root, "disk")))
        except Exception as e:  # noqa: BLE001
            print(f"FAILED {one.__name__}: {type(e).__name__}: {e}")
            failed += 1
        shutil.rmtree(root)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
