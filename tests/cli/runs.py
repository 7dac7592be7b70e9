"""`polku run`: clocks, order, engines, output, terminals."""
import os
import pty
import subprocess

from harness import POLKU, Impossible, Pack, expect, polku


def log(*records):
    return "visitor,at,event,items\n" + "".join(f"{visitor},2026-03-02T{at},{event},{items}\n" for visitor, at, event, items in records)


CARTS = log(("v1", "10:00", "cart", 1), ("v2", "10:05", "cart", 0), ("v1", "10:10", "cart", 2))


def run(pack, text, *more):
    return polku("run", pack, "--events", pack.write("log.csv", text), "--source", "native", *more)


def made(done):
    return [(d["at"][11:19], d["visitor"], d["rule"]) for d in done.decisions()]


def test_until():
    until = "--until"
    with Pack() as pack:
        assert made(expect(0, run(pack, CARTS))) == [("10:00:00", "v1", "tease"), ("10:10:00", "v1", "tease")]
        assert made(expect(0, run(pack, CARTS, until, "2026-03-02T09:59:59.999"), "3 records lie after --until")) == []
        assert made(expect(0, run(pack, CARTS, until, "2026-03-02T10:09:59.999"), "1 records lie after --until")) == [("10:00:00", "v1", "tease")]
        inside = expect(0, run(pack, CARTS, until, "2026-03-02T10:10"))
        assert made(inside) == [("10:00:00", "v1", "tease"), ("10:10:00", "v1", "tease")] and "after --until" not in inside.err
        assert made(expect(0, run(pack, CARTS, until, "2026-03-02T10:35:00Z")))[2:] == [("10:35:00", "v2", "later")]
        assert made(expect(0, run(pack, CARTS, until, "2026-03-02T10:34:59.999Z")))[2:] == []
        assert made(expect(0, run(pack, CARTS, until, "2026-03-02T12:40:00+02:00")))[2:] == [("10:35:00", "v2", "later"), ("10:40:00", "v1", "later")]
        expect(2, run(pack, CARTS, until, "tomorrow"), "--until tomorrow", "2026-11-21T09:30:00Z")


def test_what_visitors_take():
    """`check --events` says what `run` counts, and refuses a log that does not say it."""
    def sized(pack, text, *more):
        return polku("check", pack, "--events", pack.write("sample.csv", text), "--source", "native", *more)

    with Pack() as pack:
        takes = next(line.split()[3] for line in run(pack, CARTS, "--stream").err.splitlines() if "a visitor takes" in line)
        assert f"  {takes} in all after 3 events of 2 visitors in {pack.path}/sample.csv\n" in expect(0, sized(pack, CARTS), "bytes per visitor: ", stderr=False).out
        assert " in all after " not in expect(0, polku("check", pack)).out
        bad = expect(0, sized(pack, CARTS + "v3,never,cart,1\n"), "of 4 records read, 3 were taken in", "line 5")
        assert " in all after 3 events of 2 visitors" in bad.out
        expect(1, sized(pack, UNORDERED), "line 4 came before an earlier one of the same visitor")
        expect(1, sized(pack, "visitor,at,received,event,items\nv1,2026-03-02T10:00,2026-03-02T11:00,cart,1\n"), "line 2 came late", "whole history")
        expect(1, sized(pack, log()), "there is no visitor in it")
        expect(2, sized(pack, CARTS, "--format", "json"), "--format json", "--events", "choose one of them")
        expect(2, polku("check", pack, "--events", pack.path + "/none.csv"), "none.csv")
        expect(2, polku("check", pack, "--source", "native"), "--events")


UNORDERED = log(("v1", "10:10", "cart", 2), ("v2", "10:05", "cart", 0), ("v1", "10:00", "cart", 1))


def test_out_of_order():
    with Pack() as pack:
        out = pack.write("out.ndjson", "yesterday's decisions\n")
        for more in ((), ("--engine", "reference"), ("--engine", "interp")):
            done = expect(1, run(pack, UNORDERED, "--out", out, *more), "1 record came before", "line 4", "--order any", "Nothing was written")
            assert done.out == "" and pack.read("out.ndjson") == "yesterday's decisions\n"
        expect(1, run(pack, UNORDERED, "--out", pack.path + "/new.ndjson"))
        assert not pack.has("new.ndjson") and not pack.has("new.ndjson.partial") and not pack.has("out.ndjson.partial")


def test_order_any():
    with Pack() as pack:
        sorted_ = expect(0, run(pack, CARTS, "--until", "2026-03-02T11:00", "--all"))
        for engine in ("auto", "interp", "reference"):
            assert expect(0, run(pack, UNORDERED, "--order", "any", "--until", "2026-03-02T11:00", "--all", "--engine", engine)).out == sorted_.out


def test_stream():
    with Pack() as pack:
        expect(2, run(pack, CARTS, "--stream", "--order", "any"), "--stream", "--order any")
        expect(2, run(pack, CARTS, "--stream", "--engine", "reference"), "--engine reference")
        streamed = expect(0, run(pack, CARTS, "--stream", "--until", "2026-03-02T11:00"))
        assert sorted(streamed.out.splitlines()) == sorted(run(pack, CARTS, "--until", "2026-03-02T11:00").out.splitlines())
        expect(1, run(pack, UNORDERED, "--stream"), "--order any", "may be wrong")


def test_engines_agree():
    text = log(*((f"v{i % 7}", f"10:{i // 2:02}:{i % 2 * 30:02}", "order" if i % 5 == 0 else "cart", i % 3) for i in range(120)))
    with Pack() as pack:
        runs = {engine: expect(0, run(pack, text, "--all", "--engine", engine)).out for engine in ("auto", "interp", "reference")}
        assert len(set(runs.values())) == 1 and runs["auto"].count("\n") > 20
        assert expect(0, run(pack, text, "--all")).out == runs["auto"]


def test_all():
    with Pack('journey "J"\n  limit 1 message in 1 day\n  rule r\n    when cart\n    do send "reminder" by email with items = cart.items\nend\n') as pack:
        text = "visitor,at,event,items,agreed\nv1,2026-03-02T10:00,cart,1,\nv1,2026-03-02T10:01,visitor updated,,given\n" + "v1,2026-03-02T10:10,cart,1,\nv1,2026-03-02T10:11,cart,2,\n"
        assert [d["outcome"] for d in expect(0, run(pack, text)).decisions()] == ["acted"]
        assert [d["outcome"] for d in expect(0, run(pack, text, "--all")).decisions()] == ["no_consent", "acted", "over_limit"]


def test_stats():
    """How often what is not known left a clause open: the same from every engine, and the decisions as they are without."""
    with Pack('journey "J"\n  rule r\n    when cart\n    only if highest of cart.items in the last 1 hour more than 1\n    only if age at least 18\n    do raise task "later"\nend\n') as pack:
        text = "visitor,at,event,items\nv1,2026-03-02T10:00,cart,\nv1,2026-03-02T11:30,cart,2\nv2,2026-03-02T10:00,cart,\nv3,2026-03-02T10:00,cart,1\n"
        plain = {more: expect(0, run(pack, text, *more)).out for more in ((), ("--all",))}
        for more, out in plain.items():
            for engine in ("auto", "interp", "reference"):
                done = expect(0, run(pack, text, "--stats", "--engine", engine, *more), "left open by what is not known:", "2 J / r: only if highest of cart.items", "4 J / r: only if age at least 18")
                assert done.out == out and "left open" not in out
    with Pack() as pack:
        expect(0, run(pack, CARTS, "--stats"), "nothing was left open")


def test_tiers():
    """Machine code, where it is built in, is kept for the next run; the decisions are the same from whatever runs."""
    with Pack() as pack:
        plain = expect(0, run(pack, CARTS, "--engine", "interp", "--stats"), "evaluations: all interpreted")
        stats = ("run", pack, "--events", pack.path + "/log.csv", "--source", "native", "--stats")
        jit = polku(*stats, "--engine", "jit", "--no-cache")
        if jit.code == 2:
            raise Impossible("built without the JIT")
        expect(0, jit, "evaluations: 0 interpreted, ", " from the cache, 0 still interpreted")
        cache = pack.path + "/cache"
        cold = expect(0, polku(*stats, "--engine", "jit", "--cache", cache), " compiled, 0 from the cache")
        warm = expect(0, polku(*stats, "--engine", "jit", "--cache", cache), ": 0 compiled, ")
        for file in os.listdir(cache):
            with open(os.path.join(cache, file), "r+b") as f:
                f.truncate(100)
        damaged = expect(0, polku(*stats, "--engine", "jit", env={"POLKU_CACHE": cache}), " compiled, 0 from the cache")
        again = expect(0, polku(*stats, "--engine", "jit", env={"POLKU_CACHE": cache}), ": 0 compiled, ")
        off = expect(0, polku(*stats, "--engine", "jit", "--no-cache", env={"POLKU_CACHE": cache}), " compiled, 0 from the cache")
        auto = expect(0, polku(*stats, "--cache", cache), "evaluations: ")
        nowhere = expect(0, polku(*stats, "--engine", "jit", "--cache", pack.path + "/a.polku"), " compiled, 0 from the cache", "cannot use", "a.polku")
        home = expect(0, polku(*stats, "--engine", "jit", env={"XDG_CACHE_HOME": pack.path + "/home"}), " compiled, 0 from the cache")
        assert pack.has("home/polku") and all(r.out == plain.out for r in (jit, cold, warm, damaged, again, off, auto, nowhere, home))


def test_output():
    with Pack() as pack:
        plain = expect(0, run(pack, CARTS))
        to_file = expect(0, run(pack, CARTS, "--out", pack.path + "/new/out.ndjson"), "2 decisions in ")
        assert to_file.out == "" and pack.read("new/out.ndjson") == plain.out and os.listdir(pack.path + "/new") == ["out.ndjson"]
        expect(0, run(pack, CARTS, "--out", "/dev/null"))


def test_output_that_cannot_be_written():
    with Pack() as pack:
        blocked = pack.write("file", "")
        for out in (blocked + "/out.ndjson", pack.path, "/proc/nothing/out.ndjson"):
            done = expect(2, run(pack, CARTS, "--out", out), "cannot write " + out)
            assert done.out == ""
        assert os.path.getsize(blocked) == 0


def test_full_disk():
    if os.path.exists("/dev/full"):
        with Pack() as pack:
            expect(2, run(pack, CARTS, "--out", "/dev/full"), "cannot write /dev/full")


def on_terminal(pack, *arguments, env=None):
    """Runs with standard error on a terminal: exit code, standard output, what the terminal saw."""
    try:
        master, slave = pty.openpty()
    except OSError as e:  # a bare chroot or container without /dev/pts
        raise Impossible(f"no pseudo-terminal here: {e}") from e
    process = subprocess.Popen([POLKU, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave, env={**os.environ, **(env or {})})
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    out = process.stdout.read()
    process.stdout.close()
    return process.wait(timeout=60), out.decode(), seen.decode()


def test_progress_only_on_a_terminal():
    with Pack('journey "J"\n  rule r\n    when order\n    do show "teaser" in web.hero\nend\n') as pack:
        path = pack.write("log.ndjson", "".join('{"visitor": "v%d", "at": %d, "event": "cart"}\n' % (i % 1000, i * 1000) for i in range(1, 40_001)))
        code, out, seen = on_terminal(pack, "run", pack, "--events", path)
        assert code == 0 and out == "" and "\r[" in seen and " %  " in seen and "\r\x1b[K" in seen, seen
        assert seen.index("\r\x1b[K") < seen.index("40,000 events of 1,000 visitors")
        piped = expect(0, polku("run", pack, "--events", path))
        assert "\r" not in piped.err and piped.err.startswith("40,000 events of 1,000 visitors")


def test_colour_only_on_a_terminal():
    os.environ.pop("NO_COLOR", None)
    with Pack('journey "J"\n  rule r\n    when crat\n    do show "teaser" in web.hero\nend\n') as pack:
        code, _, seen = on_terminal(pack, "check", pack)
        assert code == 1 and "\x1b[1;31merror[PK2001]" in seen, seen
        code, _, seen = on_terminal(pack, "check", pack, env={"NO_COLOR": "1"})
        assert code == 1 and "\x1b" not in seen and "error[PK2001]" in seen, seen
        expect(1, polku("check", pack), "error[PK2001]")


def test_same_bytes_twice():
    with Pack() as pack:
        assert run(pack, CARTS, "--all").out == run(pack, CARTS, "--all").out != ""
