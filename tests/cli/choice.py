"""Requests and offers, published tables, and what a file of decisions has of them."""
import json
import os
import random
import re

from harness import Pack, expect, polku

SHOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../rules/shop")
OFFERS = '''\
journey "Teasers"
  rule offered
    when cart where items more than 0
    do show "teaser" in web.hero for 10 minutes with note = cart.note
  rule asked
    when asked for web.hero
    not if order happened today
    do show "teaser" in web.hero
end
'''


def record(visitor, at, **more):
    return json.dumps({"visitor": visitor, "at": f"2026-03-02T{at}Z", **more}) + "\n"


def cart(visitor, at, items=1, **fields):
    return record(visitor, at, event="cart", fields={"items": items, **fields})


def run(pack, text, *more):
    return polku("run", pack, "--events", pack.write("log.ndjson", text), *more)


def outcomes(done):
    return [(d["at"][11:16], d["rule"], d["outcome"]) for d in done.decisions()]


def test_an_offer_waits_for_its_request():
    with Pack(OFFERS) as pack:
        log = cart("v1", "10:00", note="a") + record("v1", "10:05", asked_for=["web.side"])
        log += record("v1", "10:09:59", asked_for=["web.side", "web.hero"])
        done = expect(0, run(pack, log))
        (one,) = done.decisions()
        assert (one["schema"], one["journey"], one["version"], one["rule"], one["outcome"]) == (2, "Teasers", None, "offered", "acted")
        assert one["actions"] == [{"kind": "show", "name": "teaser", "channel": "web", "slot": "hero", "params": {"note": "a"}}]
        full = expect(0, run(pack, log, "--all"))
        assert outcomes(full) == [("10:00", "offered", "offered"), ("10:09", "offered", "acted"), ("10:09", "asked", "outranked")]
        late = log.replace("10:09:59", "10:10:00")
        assert outcomes(expect(0, run(pack, late))) == [("10:10", "asked", "acted")]
        expect(0, polku("explain", pack, "--events", pack.write("log.ndjson", log), "--visitor", "v1"), "10:09:59", "offered", stderr=False)


def test_requests_that_cannot_be_read():
    with Pack(OFFERS) as pack:
        log = (record("v1", "10:00", asked_for=["web.her"]) + record("v1", "10:01", asked_for=[])
               + record("v1", "10:02", asked_for="web.hero", event="cart", fields={"items": 1}) + record("v1", "10:03", asked_for="web.hero"))
        done = expect(0, run(pack, log), "of 4 records read, 1 were taken in", "web.her")
        assert outcomes(done) == [("10:03", "asked", "acted")]
        expect(1, run(pack, log, "--strict-input"), "--strict-input")


def test_requests_in_any_order():
    """Only the order of one visitor's records at one instant cannot be found again, so there are none."""
    picks, lines = random.Random(5), []
    for minute in range(240):
        at = f"{8 + minute // 60:02}:{minute % 60:02}"
        for v in picks.sample(["v1", "v2", "v3", "v4"], 2):
            kind = picks.randrange(3)
            lines.append(record(v, at, asked_for=["web.hero"]) if kind == 0 else cart(v, at, picks.randrange(3)) if kind == 1
                         else record(v, at, event="order", fields={"total": "5 EUR"}))
    with Pack(OFFERS.replace("happened today", "happened in the last 20 minutes")) as pack:
        sorted_ = expect(0, run(pack, "".join(lines), "--all")).out
        found = {d["outcome"] for d in map(json.loads, sorted_.splitlines())}
        assert {"acted", "offered", "outranked"} <= found, found
        picks.shuffle(lines)
        expect(1, run(pack, "".join(lines)), "--order any")
        for engine in ("auto", "interp", "reference"):
            assert expect(0, run(pack, "".join(lines), "--order", "any", "--all", "--engine", engine)).out == sorted_


def shop(*more):
    return polku("run", SHOP, "--events", os.path.join(SHOP, "events.ndjson"), *more)


def test_tables():
    tables = os.path.join(SHOP, "answers.ndjson")
    with open(os.path.join(SHOP, "expected/decisions.ndjson"), encoding="utf-8") as file:
        assert expect(0, shop("--tables", tables)).out == file.read()
    done = expect(0, shop("--tables", tables, "--stream")).out
    assert "answered (table 2026-11-30)" in done and "answered (table" not in expect(0, shop()).out


def test_explain_with_tables():
    """explain tells what run does: with the table that run is given, and without."""
    tables, log = os.path.join(SHOP, "answers.ndjson"), os.path.join(SHOP, "events.ndjson")
    chosen = next(d for d in expect(0, shop("--tables", tables)).decisions() if "answered (table" in json.dumps(d))
    words = re.search(r"\d+ of \d+ answered \(table [^)]+\)", json.dumps(chosen))[0]
    told = ["explain", SHOP, "--events", log, "--visitor", chosen["visitor"], "--rule", chosen["rule"]]
    expect(0, polku(*told, "--tables", tables), words, stderr=False)
    assert "(table" not in expect(0, polku(*told)).out
    with Pack() as pack:
        expect(2, polku(*told, "--tables", pack.write("tables.ndjson", "not json\n")), "tables.ndjson`, line 1: ", "no JSON")
        expect(2, polku(*told, "--tables", pack.path + "/nothing"), "/nothing")


def test_tables_that_are_wrong():
    with open(os.path.join(SHOP, "answers.ndjson"), encoding="utf-8") as file:
        good = file.read()
    head = '{"at":"2026-12-28T03:00:00+01:00","name":"x",'
    with Pack() as pack:
        for line, said in (("not json", "no JSON"), ('{"name":"x","channels":{}}', "no `at`"),
                           (head + '"channels":{"emial":{"answers":1,"sends":2}}}', "Did you mean `email`?"),
                           (head + '"channels":{"email":{"answers":3,"sends":2}}}', "the answers of `email`"),
                           (head + '"name":"y","channels":{}}', "`name` stands twice")):
            tables = pack.write("tables.ndjson", good + line + "\n")
            done = expect(2, shop("--tables", tables, "--out", pack.path + "/out.ndjson"), "tables.ndjson`, line 13: ", said)
            assert done.out == "" and not pack.has("out.ndjson")
        twice = pack.write("tables.ndjson", good + good.splitlines()[0] + "\n")
        expect(2, shop("--tables", twice), "two tables hold from 2026-10-05T01:00:00.000Z on")
        expect(2, shop("--tables", pack.path + "/nothing"), "/nothing")
        any_order = pack.write("tables.ndjson", "\n" + "\n".join(reversed(good.splitlines())) + "\n \n")
        assert expect(0, shop("--tables", any_order)).out == expect(0, shop("--tables", os.path.join(SHOP, "answers.ndjson"))).out


LATE = """\
journey "Teasers"
  rule tease
    when cart
    then no order for 30 minutes
    do raise task "later"
end
"""


def test_records_that_come_late_and_merges():
    with Pack(LATE) as pack:
        log = cart("v1", "10:00") + record("v1", "10:20", event="order", fields={"total": 3}, received="2026-03-02T10:24Z") + cart("v2", "12:00")
        done = expect(0, run(pack, log), "line 2 came late", "3 events of 2 visitors")
        assert outcomes(done) == []
        assert outcomes(expect(0, run(pack, log.replace("10:24Z", "10:31Z"), "--until", "2026-03-02T12:30:00Z"))) == [("10:30", "tease", "acted"), ("12:30", "tease", "acted")]
        merged = cart("phone", "10:00") + record("v1", "10:01", merges="phone") + cart("v2", "12:00")
        done = expect(0, run(pack, merged))
        assert [(d["visitor"], d["at"][11:16]) for d in done.decisions()] == [("v1", "10:30")]
        reference = expect(0, run(pack, merged, "--engine", "reference"))
        assert reference.decisions() == done.decisions()
        expect(1, run(pack, merged, "--stream"), "--histories")
        assert expect(0, run(pack, merged, "--stream", "--histories")).decisions() == done.decisions()
        path = pack.write("log.ndjson", merged)
        told = expect(0, polku("explain", pack, "--events", path, "--visitor", "phone"), "phone is found to be v1", 'tease: raise task "later"', stderr=False).out
        assert expect(0, polku("explain", pack, "--events", path, "--visitor", "v1"), stderr=False).out == told.replace("Visitor phone", "Visitor v1")
        expect(1, polku("explain", pack, "--events", "-", "--visitor", "v1", stdin=merged), "several names", "give it as a file")
        told = expect(0, polku("explain", pack, "--events", pack.write("log.ndjson", log), "--visitor", "v1"), "2026-03-02 10:24:00  `order` of 2026-03-02 10:20:00 comes.",
                      "tease waits no longer: `order` came", stderr=False).out
        assert "still waiting" not in told and "raise task" not in told, told
