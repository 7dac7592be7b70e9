#!/usr/bin/env python3
"""One visitor as an operator sees them: their story, all that is kept of them, and that nothing is kept any more.

usage: tests/live/visitors.py [--keep]
The last line is `N passed, M failed`.
"""
import argparse
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import CATALOG, POLKU, Service, write_pack  # noqa: E402

ADMIN = ("--admin-listen", "127.0.0.1:0")
folder = tempfile.mkdtemp(prefix="polku-visitors-")
passed = failed = 0


def check(what, fine, more=""):
    global passed, failed
    print(f"{'ok  ' if fine else 'FAIL'}  {what}{'' if fine else f'  {more}'}", flush=True)
    passed, failed = passed + bool(fine), failed + (not fine)


def place(name):
    return os.path.join(folder, name)


def name(prefix=""):
    """Long, and like nothing else: what a file holds of it is found as it is."""
    return prefix + "".join(random.choices(string.ascii_letters + string.digits, k=40))


def batch(service, *events):
    status, said, _ = service.ask("POST", "/v1/batch", {"batch": [{"type": "track", **e} for e in events]})
    assert status == 200 and "rejected" not in said, said


def order(who, n, **more):
    return {**who, "event": "Order Placed", "messageId": f"m{n}", "properties": {"n": n}, **more}


def cart(who, n, **more):
    return {**who, "event": "Cart Updated", "messageId": f"c{n}", "properties": {"n": n, "items": 2}, **more}


def visitor(service, who, more=""):
    status, said = service.admin("GET", f"/v1/visitors/{who}{more}")
    return status, json.loads(said)


def holding(data, *needles):
    """Files of the folder that hold one of the words, as it is or as hexadecimal digits."""
    wanted = [form for n in needles for form in (n.encode(), n.encode().hex().encode(), n.encode().hex().upper().encode())]
    found = []
    for root, _, files in os.walk(data):
        for file in files:
            path = os.path.join(root, file)
            try:
                with open(path, "rb") as f:
                    bytes_ = f.read()
            except FileNotFoundError:   # just now
                continue
            if any(w in bytes_ or w in path.encode() for w in wanted):
                found.append(file)
    return found


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


def stories(pack):
    service = Service(pack, place("stories"), *ADMIN, "--shards", "2")
    batch(service, cart({"anonymousId": "a1"}, 1))
    time.sleep(1.3)   # left for a second
    batch(service, cart({"anonymousId": "a1"}, 2), order({"anonymousId": "a1", "userId": "u1"}, 3))
    status, said = visitor(service, "u1", "/explain")
    told = "\n".join(said["story"])
    check("explain: what waited, what was done, what stopped it, and who became whom", status == 200 and said["names"] == ["a1", "u1"] and told.count("starts to wait after `cart_updated`") == 2
          and 'left_cart: raise task "call" with n = 1' in told and "waits no longer: `order_placed` came" in told and 'raise task "pack" with n = 3' in told and "a1 is found to be u1" in told
          and "Shop / teaser never started" in told and said["done_otherwise"] == [], said)
    check("by any name", visitor(service, "a1", "/explain")[1]["story"][1:] == said["story"][1:])
    one = visitor(service, "u1", "/explain?rule=each_order")[1]["story"]
    check("one rule", len(one) == 2 and 'raise task "pack" with n = 3' in one[1], one)
    check("until then", visitor(service, "u1", "/explain?until=2020-01-01T00:00:00Z")[1]["story"][0].startswith("Visitor u1: 0 records"))
    status, text = service.admin("GET", "/v1/visitors/u1/explain?format=text")
    check("as text", status == 200 and text.startswith("Visitor u1: 4 records") and len(text.splitlines()) == len(said["story"]), text)
    batch(service, order({"userId": "u1"}, 4, timestamp="2026-01-01T10:00:00Z"))
    told = visitor(service, "u1", "/explain")[1]["story"]
    check("what came late is told when it came", any("`order_placed` of 2026-01-01 10:00:00 comes." in s for s in told), told)
    status, said = visitor(service, "u1")
    check("export: every record in Polku's own form, in the order in which it came", status == 200 and [r.get("event") or "merges " + r["merges"] for r in said["records"]]
          == ["cart_updated", "cart_updated", "merges a1", "order_placed", "order_placed"] and said["records"][0]["visitor"] == "a1" and said["records"][0]["fields"] == {"n": 1, "items": 2}, said)
    check("and what was done, with the decisions as they left", sorted(d["rule"] for d in said["done"]) == ["each_order", "left_cart"] and len(said["decisions"]) == 2
          and {d["id"] for d in said["decisions"]} == {d["id"] for d in said["done"]}, said)
    for n, r in enumerate(said["records"]):
        r["id"] = str(n)
    lines = place("export.ndjson")
    with open(lines, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r) + "\n" for r in said["records"])
    run = subprocess.run([POLKU, "run", pack, "--events", lines, "--until", said["records"][-2].get("received", said["records"][-2]["at"]), "--no-cache"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    made = [json.loads(line) for line in run.stdout.splitlines()]
    check("the records make a log that decides the same", run.returncode == 0 and sorted(d["rule"] for d in made) == ["each_order", "left_cart"], run)
    check("who is not known", visitor(service, "u9")[0] == 404 and visitor(service, "u9", "/explain")[0] == 404)
    check("a rule that there is not", visitor(service, "u1", "/explain?rule=nobody")[0] == 404)
    check("a time that is none, a form that is none", visitor(service, "u1", "/explain?until=soon")[0] == 400 and visitor(service, "u1", "/explain?format=xml")[0] == 400)
    check("methods and routes that there are not", [service.admin(m, p)[0] for m, p in (("POST", "/v1/visitors/u1"), ("DELETE", "/v1/visitors/u1/explain"), ("GET", "/v1/visitors/u1/all"),
          ("GET", "/v1/visitors/"), ("GET", "/v1/visitors/null"))] == [405, 405, 404, 400, 400])
    check("operators alone are told", [service.ask("GET", p)[0] for p in ("/v1/visitors/u1", "/v1/visitors/u1/explain")] == [403, 403] and service.ask("DELETE", "/v1/visitors/u1")[0] == 403)
    service.stop()


def erasure(pack):
    data = place("erase")
    flags = (*ADMIN, "--shards", "2", "--erase-within", "1", "--awake", "20", "--webhook", "http://127.0.0.1:9", "--webhook-attempts", "1", "--webhook-retry-for", "0")
    service = Service(pack, data, *flags)
    anonymous, user, other = name("a"), name("u"), name("o")
    for n in range(200):  # others, so that those who are to go sleep
        batch(service, order({"userId": f"u{n}"}, 1000 + n), cart({"anonymousId": f"a{n}"}, 2000 + n))
    batch(service, cart({"anonymousId": anonymous}, 1), order({"anonymousId": anonymous}, 2), order({"userId": other}, 3))
    batch(service, order({"anonymousId": anonymous, "userId": user}, 4), cart({"userId": user}, 5))
    check("a letter is kept of what a receiver would not take", until(lambda: user in service.admin("GET", "/v1/admin/letters?limit=9999")[1]))
    code, _ = service.stop()  # everybody is in a file
    check("before, there is something to find", code == 0 and holding(data, user) and holding(data, anonymous) and holding(data, other))
    service = Service(pack, data, *flags)
    batch(service, order({"userId": user}, 6))  # and in the log that is written ahead
    status, said = service.admin("DELETE", f"/v1/visitors/{anonymous}")
    said = json.loads(said)
    check("forgotten by any name", status == 200 and said == {"success": True, "visitor": anonymous, "known": True, "gone_within_seconds": 1}, said)
    check("known to nobody at once, not even to a stream of old decisions", visitor(service, user)[0] == 404 and visitor(service, anonymous)[0] == 404 and visitor(service, other)[0] == 200)
    batch(service, order({"userId": user}, 2))   # the id of a record that is gone is known all the same
    check("a record that was sent before does not bring them back", visitor(service, user)[0] == 404)
    gone = until(lambda: service.metric("visitors_erasing") == 0 and not holding(data, user, anonymous))
    check("after the time, no file holds either name", gone, f"{holding(data, user, anonymous)} {service.metric('visitors_erasing')}")
    check("nor does any letter", user not in service.admin("GET", "/v1/admin/letters?limit=9999")[1] and service.metric("visitors_forgotten_total") == 1)
    check("others are as they were", holding(data, other) and len(visitor(service, other)[1]["decisions"]) == 1 and visitor(service, "u7")[0] == 200)
    batch(service, order({"userId": user}, 7))
    said = visitor(service, user)[1]
    check("who comes again is somebody new", [r["fields"]["n"] for r in said["records"]] == [7] and len(said["decisions"]) == 1 and said["names"] == [user], said)
    status, said = service.admin("DELETE", f"/v1/visitors/{name()}")
    check("nobody can be forgotten too", status == 200 and json.loads(said)["known"] is False, said)
    service.stop()
    verified = subprocess.run([POLKU, "data", "verify", data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check("the folder is whole", verified.returncode == 0, verified.stdout)


def crashes(pack):
    """Killed at any moment after the answer, it forgets all the same, and keeps who came again."""
    data, decisions = place("crash"), place("crash.ndjson")
    flags = (*ADMIN, "--shards", "2", "--erase-within", "0.4", "--decisions", decisions)
    service = Service(pack, data, *flags)
    for round_ in range(12):
        anonymous, user = name("a"), name("u")
        n = 100 * round_
        batch(service, cart({"anonymousId": anonymous}, n + 1), order({"anonymousId": anonymous}, n + 2))
        batch(service, order({"anonymousId": anonymous, "userId": user}, n + 3))
        status, said = service.admin("DELETE", f"/v1/visitors/{user}")
        again = round_ % 2 == 0
        if again:
            batch(service, order({"anonymousId": anonymous}, n + 4))
        time.sleep(random.choice([0, 0.1, 0.3, 0.6]))
        service.kill()
        service = Service(pack, data, *flags)
        if status != 200 or visitor(service, user)[0] != 404 or visitor(service, anonymous)[0] != (200 if again else 404):
            return check("killed after the answer, it forgets all the same", False, f"round {round_}: {status} {said} {visitor(service, user)} {visitor(service, anonymous)}")
        if again and [r["fields"]["n"] for r in visitor(service, anonymous)[1]["records"]] != [n + 4]:
            return check("who came again is kept", False, visitor(service, anonymous))
        if not until(lambda: not holding(data, user) and service.metric("visitors_erasing") == 0):
            return check("after a crash the files are cleared too", False, f"round {round_}: {holding(data, user)}")
    check("killed after the answer, it forgets all the same; the files are cleared; who came again is kept", True)
    service.stop()


def retention():
    pack = write_pack(place("short"), catalog=CATALOG.replace("catalog: shop\n", "catalog: shop\nhistory: 2 seconds\nlateness: 1 second\n"))
    data = place("retention")
    day = 24 * 60 * 60
    try:
        Service(pack, data, "--forget-after", str(1 / day))
        check("nobody is forgotten before the pack has looked back", False)
    except RuntimeError as e:
        check("nobody is forgotten before the pack has looked back", "exit code 2" in str(e) and "forgotten after 1 second, and the pack looks back 2 seconds" in str(e), e)
    service = Service(pack, data, *ADMIN, "--forget-after", str(3 / day), "--erase-within", "1", "--shards", "2", "--awake", "4")
    old, seen = name("o"), name("s")
    batch(service, order({"userId": old}, 1), *[order({"userId": f"u{n}"}, 10 + n) for n in range(20)])
    n = 100

    def again():
        nonlocal n
        n += 1
        batch(service, order({"userId": seen}, n))
        return visitor(service, old)[0] == 404

    check("who does not come any more is forgotten", until(again, 60))
    check("who does is not", visitor(service, seen)[0] == 200)
    check("and no file holds them", until(lambda: again() and not holding(data, old)), holding(data, old))
    counted = service.metric("visitors_forgotten_total")
    service.stop()  # who was not written down yet is now
    service = Service(pack, data, *ADMIN, "--forget-after", str(3 / day), "--erase-within", "1", "--shards", "2", "--awake", "4")
    check("all others are, too, and are counted", counted > 0 and until(lambda: again() and counted + service.metric("visitors_forgotten_total") >= 21)
          and all(visitor(service, f"u{n}")[0] == 404 for n in range(20)), f"{counted} {service.metric('visitors_forgotten_total')}")
    service.stop()
    letters = place("letters")
    flags = (*ADMIN, "--shards", "1", "--erase-within", "1", "--keep-letters", str(2 / day), "--webhook", "http://127.0.0.1:9", "--webhook-attempts", "1", "--webhook-retry-for", "0")
    service = Service(pack, letters, *flags)
    batch(service, order({"userId": "u1"}, 1))
    check("a letter is there", until(lambda: json.loads(service.admin("GET", "/v1/admin/letters")[1])["all"] == 1))
    check("and goes when it is old", until(lambda: json.loads(service.admin("GET", "/v1/admin/letters")[1])["all"] == 0))
    service.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    random.seed(1)
    pack = write_pack(place("pack"))
    for part in (lambda: stories(pack), lambda: erasure(pack), lambda: crashes(pack), retention):
        part()
    if args.keep or failed:
        print(f"visitors: kept in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
