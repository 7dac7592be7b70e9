"""Every verb: exit codes, help, and what explain and test say."""
import os
import re

from harness import CATALOG, Pack, RULES, expect, polku

VERBS = ("check", "run", "test", "explain", "plan")  # those that take a pack; `polku fmt` has tests of its own
BROKEN = RULES.replace("when cart", "when crat").replace(" with note = cart.note", "")
LOG = "visitor,at,event,items\nv1,2026-03-02T10:00,cart,1\nv2,2026-03-02T10:10,order,\nv1,2026-03-02T10:40,order,\n"
TESTS = RULES + '''
test "a cart is teased"
  at 10:00 cart items = 1
  at 10:00 expect raise task "tease"
end
test "an order stops it"
  at 10:00 cart items = 0
  at 10:10 order total = 5 EUR
  until 12:00 expect nothing
end
'''


def arguments(verb, pack):
    more = {"run": ["--events", "-"], "explain": ["--events", "-", "--visitor", "v1"]}
    return [verb, str(pack), *more.get(verb, [])]


def test_help():
    top = expect(0, polku("--help"), "Example:", *(f"  {verb} " for verb in VERBS), stderr=False)
    assert "Exit codes" in top.out
    for verb in VERBS:
        done = expect(0, polku(verb, "--help"), "Example:", f"\n  polku {verb} ", stderr=False)
        for option in re.findall(r"(?m)^  (--[a-z-]+)", done.out):
            assert re.search(re.escape(option) + r"\S*( [A-Z]+\S*)?( REQUIRED)?\s+\S+ \S+", done.out), f"{verb} {option} is not explained"


def test_version():
    done = expect(0, polku("--version"))
    first, *lines = done.out.splitlines()
    assert re.fullmatch(r"polku \d+\.\d+\.\d+", first), first
    said = {line[2:15].strip(): line[16:] for line in lines}
    assert {"commit", "built by", "machine code", "service", "decisions", "time zones"} <= set(said), said
    assert re.fullmatch(r"unknown|[0-9a-f]{12}(, changed)?", said["commit"]), said
    assert re.match(r"(GCC|clang) \d+\.\d+\.\d+.*, \w", said["built by"]), said
    assert re.fullmatch(r"LLVM \d+\.\d+\.\d+, kept as [0-9a-f]{12}|not in it: rules are interpreted", said["machine code"]), said
    assert re.fullmatch(r"RocksDB \d+\.\d+\.\d+|not in it", said["service"]), said
    assert ("data folder" in said) == (said["service"] != "not in it"), said
    assert re.fullmatch(r"`polku data \d+`, log \d+, states \d+", said.get("data folder", "`polku data 1`, log 1, states 1")), said
    with Pack() as pack:  # what it says is what it writes
        made = polku("run", pack, "--events", "-", stdin=LOG).decisions()
        assert made and said["decisions"] == f"schema {made[0]['schema']}", said
    assert re.fullmatch(r"20\d\d[a-z]+|unknown", said["time zones"]), said
    assert done.err == ""


def test_misuse():
    expect(2, polku())
    expect(2, polku("chekc"))
    with Pack() as pack:
        for verb in VERBS:
            expect(2, polku(verb))
            expect(2, polku(*arguments(verb, pack), "--nonsense"))
            expect(2, polku(*arguments(verb, pack), "too", "many"))
            assert expect(2, polku(*arguments(verb, pack.path + "/nothing")), "there is no folder").out == ""
        expect(2, polku("run", pack))
        expect(2, polku("run", pack, "--events", "-", "--engine", "steam"), "steam")
        expect(2, polku("run", pack, "--events", "-", "--order", "none"))
        expect(2, polku("check", pack, "--format", "xml"))
        expect(2, polku("plan", pack, "--optimized"), "--llvm")
        expect(2, polku("explain", pack, "--events", "-"), "--visitor")


def test_folders_that_are_no_pack():
    with Pack(rules={}) as no_rules, Pack(catalog=None) as no_catalog:
        for verb in VERBS:
            expect(2, polku(*arguments(verb, no_rules)), "no .polku file")
            expect(2, polku(*arguments(verb, no_catalog)), "no catalog.yaml")
    with Pack() as pack:
        os.mkdir(pack.path + "/folder.polku")
        expect(2, polku("check", pack), "folder.polku")


def test_a_pack_with_errors():
    with Pack(BROKEN) as pack:
        for verb in VERBS:
            done = expect(1, polku(*arguments(verb, pack), stdin=LOG), "error[PK2001]", "2 errors, 0 warnings")
            assert done.out == ""


def test_a_pack_without_errors():
    with Pack(TESTS) as pack:
        for verb in VERBS:
            assert "error[" not in expect(0, polku(*arguments(verb, pack), stdin=LOG)).err


def test_check_strict():
    with Pack(RULES.replace("when cart where items more than 0", "when cart\n    only if age less than 18")) as pack:
        expect(0, polku("check", pack), "warning[PK3001]", "0 errors, 1 warning")
        expect(1, polku("check", pack, "--strict"), "warning[PK3001]", "0 errors, 1 warning")
        expect(1, polku("check", pack, "--strict", "--format", "json"), '"errors":0,"warnings":1', stderr=False)
    with Pack() as pack:
        expect(0, polku("check", pack, "--strict"), 'journey "Teasers"', "rule tease", stderr=False)


def test_plan():
    with Pack() as pack:
        expect(0, polku("plan", pack), "pack shop: ", '"Teasers".tease', stderr=False)
        ir = polku("plan", pack, "--llvm")
        if ir.code == 0:
            assert "define" in ir.out and "define" in polku("plan", pack, "--llvm", "--optimized").out
        else:
            expect(2, ir, "without LLVM")


def test_test():
    with Pack(TESTS) as pack:
        expect(0, polku("test", pack), "pass a cart is teased", "pass an order stops it", "2 passed, 0 failed", stderr=False)
        expect(0, polku("test", pack, "--filter", "order"), "pass an order stops it", "1 passed, 0 failed", stderr=False)
        assert "teased" not in polku("test", pack, "--filter", "order").out
        expect(2, polku("test", pack, "--filter", "no such test"), 'no test has "no such test" in its name')
    with Pack() as pack:
        expect(0, polku("test", pack), "0 passed, 0 failed", stderr=False)


def test_failing_tests():
    wrong = TESTS.replace("at 10:00 expect raise", "at 10:01 expect raise").replace("at 10:10 order total = 5 EUR", "at 10:10 cart items = 0")
    with Pack(wrong) as pack:
        done = expect(1, polku("test", pack), "FAIL a cart is teased", "FAIL an order stops it", "0 passed, 2 failed", "a.polku:13:", '" was expected', "a.polku:18:",
                      "nothing was expected until", "day 1 at 10:40", stderr=False)
        assert done.err == ""
    idle = TESTS.replace("at 10:00 cart items = 0", "at 10:09 order total = 5 EUR")
    with Pack(idle) as pack:
        expect(0, polku("test", pack), "warning at", "tests nothing", stderr=False)


def test_what_tests_nothing():
    """A line before it that makes a difference, wherever it stands; attributes are lines, too."""
    rules = RULES.replace("then no order", "then no order, cart where items is 0").replace("when cart where items more than 0", "when cart where items more than 9")
    rules = rules.replace('do raise task "later"', 'only if tier is gold\n    do raise task "later"')
    gold = 'test "x"\n  visitor tier = gold\n  at 10:00 cart items = 1\n'
    nothing = "  until 12:00 expect nothing\nend\n"
    sure = ("  at 10:10 order\n", "  at 10:10 order\n  at 10:20 visitor age = 5\n", "  at 10:10 order\n  at 10:20 order\n",
            "  at 10:10 order\n  at 10:20 cart items = 0\n  at 10:25 order\n", "  at 10:10 visitor tier = none\n")
    for lines in sure:
        with Pack(rules + gold + lines + nothing) as pack:
            done = expect(0, polku("test", pack), "1 passed, 0 failed", stderr=False)
            assert "warning" not in done.out, (lines, done.out)
    before = gold + '  at 10:30 expect raise task "later"\n'
    with Pack(rules + before + "  at 10:35 order\n" + nothing) as pack:  # what is expected is no difference
        expect(0, polku("test", pack), "a.polku:16", "nothing would happen without any one of the lines before it", "tests nothing", stderr=False)
    with Pack(rules + gold.replace("gold", "none") + nothing) as pack:
        expect(0, polku("test", pack), "nothing would be done", "rule later was refused: `because no_match` would test that", stderr=False)
    with Pack(rules + gold.replace("gold", "none") + nothing.replace("nothing", "nothing because no_match")) as pack:
        assert "warning" not in expect(0, polku("test", pack), "1 passed", stderr=False).out
    with Pack(rules + 'test "x"\n' + nothing) as pack:
        expect(0, polku("test", pack), "nothing happens before this line, so it tests nothing", stderr=False)


def test_explain():
    with Pack() as pack:
        path = pack.write("log.csv", LOG)
        told = expect(0, polku("explain", pack, "--events", path, "--visitor", "v1", "--source", "native"), "Visitor v1: 2 records", 'tease: raise task "tease"',
                      "later starts to wait", 'later: raise task "later"', stderr=False)
        one = expect(0, polku("explain", pack, "--events", path, "--visitor", "v1", "--source", "native", "--rule", "later"), stderr=False)
        assert "tease: raise" not in one.out and len(one.out) < len(told.out)
        early = expect(0, polku("explain", pack, "--events", path, "--visitor", "v1", "--source", "native", "--at", "2026-03-02T10:20"), "is still waiting, until 2026-03-02 10:30:00", stderr=False)
        assert "raise task \"later\"" not in early.out
        expect(0, polku("explain", pack, "--events", path, "--visitor", "v2", "--source", "native"), "tease never started", "no `cart`", stderr=False)


def test_explain_what_the_journey_ends():
    """`stop when` is told once, where something was still to come, and not where nothing was."""
    with Pack(RULES.replace('journey "Teasers"', 'journey "Teasers"\n  stop when order')) as pack:
        told = {who: expect(0, polku("explain", pack, "--events", pack.write("log.csv", "visitor,at,event,items\n" + records), "--visitor", who, "--source", "native"), stderr=False).out
                for who, records in {"v1": "v1,2026-03-02T10:00,cart,0\nv1,2026-03-02T10:10,order,\nv1,2026-03-02T10:20,order,\n",
                                     "v2": "v2,2026-03-02T10:00,cart,0\nv2,2026-03-02T10:40,order,\n"}.items()}
        stopped = "2026-03-02 10:10:00  Teasers / later waits no longer: `order` came.\n"
        assert told["v1"].count("waits no longer") == 1 and stopped in told["v1"] and "still waiting" not in told["v1"], told["v1"]
        assert "waits no longer" not in told["v2"] and 'later: raise task "later"' in told["v2"], told["v2"]


def test_explain_who_or_what_is_not_there():
    with Pack() as pack:
        path = pack.write("log.csv", LOG)
        common = ["explain", pack, "--events", path, "--source", "native", "--visitor"]
        assert expect(1, polku(*common, "v9"), "no record of visitor v9").out == ""
        expect(1, polku(*common, "v1", "--at", "2026-03-01"), "no record of visitor v1")
        expect(2, polku(*common, "v1", "--rule", "teas"), "no rule is called teas", "Did you mean `tease`?")
        expect(2, polku(*common, "v1", "--at", "noon"), "--at noon")


def test_source_is_found_by_format():
    with Pack() as pack:
        path = pack.write("log.csv", "who,when,what,number,count,amount,words,card\nv1,2026-03-02T10:00,CART,1,2,5.00,blue,gold\n")
        expect(0, polku("explain", pack, "--events", path, "--visitor", "v1"), "tease: raise task", stderr=False)
    with Pack(catalog=CATALOG[:CATALOG.index("sources:")]) as pack:
        expect(0, polku("run", pack, "--events", pack.write("log.csv", LOG)), "3 events of 2 visitors")
