"""`polku fmt`: what it changes, what it leaves alone."""
import os
import shutil
import tempfile

from harness import Pack, RULES, expect, polku

PACKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../rules")
UNTIDY = RULES.replace("    when cart where", "  when    cart   where") + "\n\n\n"
BROKEN = UNTIDY.replace("journey", "jorney")


def test_help_of_fmt():
    expect(0, polku("fmt", "--help"), "Example:", "\n  polku fmt ", "--check", "Exit codes", stderr=False)
    expect(2, polku("fmt"))
    expect(2, polku("fmt", "--nonsense", "."))
    expect(2, polku("fmt", "/nothing/here"), "/nothing/here")


def test_check_changes_nothing():
    with Pack(UNTIDY) as pack:
        done = expect(1, polku("fmt", "--check", pack), "a.polku", stderr=False)
        assert pack.read("a.polku") == UNTIDY and done.out.count("\n") == 1
        expect(1, polku("fmt", "--check", pack.path + "/a.polku"), "a.polku", stderr=False)
        expect(0, polku("fmt", pack), "a.polku", stderr=False)
        assert pack.read("a.polku") != UNTIDY
        assert expect(0, polku("fmt", "--check", pack)).out == expect(0, polku("fmt", pack)).out == ""


def test_a_folder_is_all_its_rule_files():
    with Pack({"a.polku": UNTIDY, "b.polku": UNTIDY.replace("Teasers", "Others"), "notes.txt": UNTIDY}) as pack:
        names = expect(0, polku("fmt", pack)).out.splitlines()
        assert [os.path.basename(name) for name in names] == ["a.polku", "b.polku"] and pack.read("notes.txt") == UNTIDY


def test_a_file_with_errors_is_left_as_it_is():
    with Pack({"a.polku": BROKEN, "b.polku": RULES}) as pack:
        for more in ((), ("--check",)):
            expect(1, polku("fmt", *more, pack.path + "/a.polku"), "error[PK1114]", "Did you mean `journey`?")
            assert pack.read("a.polku") == BROKEN
        assert sorted(os.listdir(pack.path)) == ["a.polku", "b.polku", "catalog.yaml"]


def test_the_sample_packs():
    for name in ("ferry", "loans", "shop"):
        with tempfile.TemporaryDirectory(prefix="polku-cli-") as folder:
            copy = os.path.join(folder, name)
            shutil.copytree(os.path.join(PACKS, name), copy, ignore=shutil.ignore_patterns("*.ndjson", "*.csv", "expected"))
            expect(0, polku("fmt", copy))
            assert expect(0, polku("fmt", "--check", copy)).out == expect(0, polku("fmt", copy)).out == ""
            assert polku("test", copy).out == polku("test", os.path.join(PACKS, name)).out  # it means the same
            assert polku("plan", copy).out == polku("plan", os.path.join(PACKS, name)).out
