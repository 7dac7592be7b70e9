"""A pack is replaced while the service runs, by every way there is; and what a request for a decision can bring along.

usage: reload.py          POLKU names the binary
The last line counts: `N passed, M failed`."""
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

from service import CATALOG, RULES, Service, write_pack

TESTS = []
ADMIN = ("--admin-listen", "127.0.0.1:0", "--admin-key", "operators only")
KEY = {"authorization": "Bearer operators only"}
OTHER = RULES.replace('do raise task "pack" with n = order_placed.n', 'do raise task "call" with n = order_placed.n')
FAULTY = RULES.replace("order_placed", "odrer_placed")
NEW_CATALOG = CATALOG.replace("  order_placed: { n: whole number }", "  rented: { of: text }\n  order_placed: { what: text optional, n: whole number }")


def test(f):
    TESTS.append(f)
    return f


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r}, and not {wanted!r}")


def until(condition, wait=10):
    end = time.monotonic() + wait
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come about")
        time.sleep(0.01)


class World:
    """A pack, a data folder, and what was decided."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="polku-reload-")
        self.pack, self.data, self.out = (os.path.join(self.folder, name) for name in ("pack", "data", "decisions"))
        write_pack(self.pack)
        self.service = None

    def start(self, *flags):
        self.service = Service(self.pack, self.data, "--decisions", self.out, *ADMIN, *flags)
        return self.service

    def reload(self):
        status, body = self.service.admin("POST", "/v1/admin/pack", headers=KEY)
        return status, json.loads(body)

    def decisions(self):
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def order(self, visitor, n):
        line = {"visitor": visitor, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": "order_placed", "fields": {"n": n}, "id": f"{visitor} {n}"}
        return self.service.ask("POST", "/v1/events", json.dumps(line))[0]

    def done(self, n):
        """The decision about that order."""
        found = []

        def there():
            found[:] = [d for d in self.decisions() if d["actions"][0]["params"].get("n") == n]
            return found
        until(there)
        same(len(found), 1)
        return found[0]

    def close(self):
        if self.service and self.service.process.poll() is None:
            self.service.kill()
        shutil.rmtree(self.folder)


@test
def by_request(w):
    w.start()
    same(w.order("v", 1), 200)
    first = w.done(1)
    same(first["actions"][0]["name"], "pack")
    write_pack(w.pack, rules=OTHER)
    same(w.order("v", 2), 200)
    same(w.done(2)["actions"][0]["name"], "pack")  # not before somebody says so
    status, said = w.reload()
    same((status, said["success"], said["rules"]), (200, True, 3))
    same(w.order("v", 3), 200)
    now = w.done(3)
    same((now["actions"][0]["name"], now["pack"]), ("call", said["pack"]))
    same(first["pack"] != said["pack"], True)
    same(json.loads(w.service.admin("GET", "/v1/admin/pack", headers=KEY)[1])["pack"], said["pack"])
    same(w.order("v", 2), 200)  # it is still known
    time.sleep(0.1)
    same(len(w.decisions()), 3)
    same(w.reload()[1]["pack"], said["pack"])  # once more is no change
    same(w.service.metric("packs_total"), 2)


@test
def a_pack_with_faults_changes_nothing(w):
    w.start()
    write_pack(w.pack, rules=FAULTY)
    status, said = w.reload()
    same((status, said["success"]), (422, False))
    same("odrer_placed" in json.dumps(said["diagnostics"]), True)
    os.remove(os.path.join(w.pack, "catalog.yaml"))
    same(w.reload()[0], 422)
    same(w.order("v", 1), 200)
    same(w.done(1)["actions"][0]["name"], "pack")
    same(w.service.metric("packs_total"), 1)


@test
def by_signal(w):
    w.start()
    write_pack(w.pack, rules=OTHER)
    w.service.process.send_signal(signal.SIGHUP)
    until(lambda: w.service.metric("packs_total") == 2)
    same(w.order("v", 1), 200)
    same(w.done(1)["actions"][0]["name"], "call")


@test
def by_watching(w):
    w.start("--watch")
    write_pack(w.pack, rules=OTHER)
    until(lambda: w.service.metric("packs_total") == 2)
    write_pack(w.pack, rules=FAULTY)
    time.sleep(2.5)
    same(w.service.metric("packs_total"), 2)
    write_pack(w.pack)
    until(lambda: w.service.metric("packs_total") == 3)
    same(w.order("v", 1), 200)
    same(w.done(1)["actions"][0]["name"], "pack")


@test
def at_a_start(w):
    w.start()
    same(w.order("v", 1), 200)
    same(w.service.stop()[0], 0)
    write_pack(w.pack, NEW_CATALOG, OTHER)
    w.start()
    same(w.service.metric("packs_total"), 2)
    same((w.order("v", 1), w.order("v", 2)), (200, 200))
    same(w.done(2)["actions"][0]["name"], "call")
    same(len(w.decisions()), 2)


@test
def what_visitors_wait_for(w):
    """A timer of the pack before is the new one's where it still has the rule, by the new one's words; and visitors who sleep are no exception."""
    w.start("--awake", "2", "--shards", "2")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [json.dumps({"visitor": f"c{i}", "at": at, "event": "cart_updated", "fields": {"n": i, "items": 1}}) for i in range(40)]
    slow = RULES.replace("for 1 second", "for 5 seconds")
    write_pack(w.pack, NEW_CATALOG, slow)
    same(w.service.ask("POST", "/v1/events", "\n".join(lines))[0], 200)
    same(w.reload()[0], 200)
    time.sleep(1.7)
    early = len(w.decisions())  # of those who were due before the pack was
    until(lambda: len(w.decisions()) == 40)
    same(sorted(d["actions"][0]["params"]["n"] for d in w.decisions()), list(range(40)))
    same(w.service.metric("pack_refolding"), 0)
    same(early < 40, True)


@test
def under_load(w):
    w.start("--awake", "50")
    rnd = random.Random(7)
    sent, stop = [], threading.Event()

    def send(k):
        n = 0
        while not stop.is_set():
            n += 1
            if w.order(f"v{rnd.randrange(400)}", 100_000 * k + n) == 200:
                sent.append(100_000 * k + n)
    threads = [threading.Thread(target=send, args=(k,)) for k in (1, 2, 3, 4)]
    for t in threads:
        t.start()
    try:
        for i in range(12):
            write_pack(w.pack, NEW_CATALOG if i % 3 == 1 else CATALOG, OTHER if i % 2 == 0 else RULES)
            same(w.reload()[0], 200)
            time.sleep(rnd.random() / 8)
    finally:
        stop.set()
        for t in threads:
            t.join()
    same(w.service.metric("packs_total"), 13)
    until(lambda: len(w.decisions()) >= len(sent))
    same(sorted(d["actions"][0]["params"]["n"] for d in w.decisions()), sorted(sent))
    same(len({d["pack"] for d in w.decisions()}) >= 4, True)
    code, said = w.service.stop()
    same(code, 0)


@test
def killed_meanwhile(w):
    rnd = random.Random(8)
    sent = []
    for i in range(8):
        write_pack(w.pack, NEW_CATALOG if i % 3 == 1 else CATALOG, OTHER if i % 2 == 0 else RULES)
        w.start("--awake", "50")
        for n in range(30):
            same(w.order(f"v{rnd.randrange(40)}", 1000 * i + n), 200)
            sent.append(1000 * i + n)
        write_pack(w.pack, rules=RULES if i % 2 == 0 else OTHER)
        asks = threading.Thread(target=lambda: w.service.admin("POST", "/v1/admin/pack", headers=KEY, lost=True))
        asks.start()
        time.sleep(rnd.random() / 50)
        w.service.kill()
        asks.join()
    w.start()
    until(lambda: len({d["id"] for d in w.decisions()}) >= len(sent))
    same(sorted({d["id"]: d["actions"][0]["params"]["n"] for d in w.decisions()}.values()), sorted(sent))


@test
def operators_only(w):
    w.start("--write-key", "wk")
    for path in ("/v1/admin/pack", "/v1/admin/nothing"):
        same(w.service.ask("POST", path, headers=KEY)[0], 401)     # not at this address
        same(w.service.admin("POST", path)[0], 401)
        same(w.service.admin("POST", path, headers={"authorization": "Bearer wk"})[0], 401)
    same(w.service.admin("POST", "/v1/admin/nothing", headers=KEY)[0], 404)
    same(w.service.admin("DELETE", "/v1/admin/pack", headers=KEY)[0], 405)
    w.service.kill()
    w.service = Service(w.pack, w.data)
    same(w.service.ask("POST", "/v1/admin/pack", headers=KEY)[0], 403)  # nobody has a key, and there is no other address


# ---- requests for decisions ----

def decide(s, body):
    status, text, _ = s.ask("POST", "/v1/decide", body)
    return status, json.loads(text)


PAGE_RULES = """\
journey "Page"
  rule upgrade
    when asked for web.hero
    only if plan is "free"
    do show "teaser" in web.hero

  rule thanks
    when asked for web.hero
    only if order_placed happened in the last 1 hour
    do show "thanks" in web.hero
end
"""
PAGE_CATALOG = CATALOG.replace("  teaser: { by: [web] }", "  teaser: { by: [web] }\n  thanks: { by: [web] }")


def shown(answer):
    return [d["actions"][0]["name"] for d in answer["decisions"]]


@test
def context_and_record_come_first(w):
    write_pack(w.pack, PAGE_CATALOG, PAGE_RULES)
    s = w.start()
    same(shown(decide(s, {"visitor": "v1", "slot": "web.hero"})[1]), [])
    same(shown(decide(s, {"visitor": "v1", "slot": "web.hero", "context": {"plan": "free"}})[1]), ["teaser"])
    same(shown(decide(s, {"visitor": "v2", "slot": "web.hero", "record": {"event": "order_placed", "fields": {"n": 1}}})[1]), ["thanks"])
    status, answer = decide(s, {"visitor": "v3", "slot": "web.hero", "context": {"plan": 7, "plna": "free"}, "record": {"event": "nothing known"}})
    same((status, shown(answer)), (200, []))
    same(set(answer["rejected"]), {"unknown_field", "unknown_event", "bad_value"})
    for wrong in ({"context": 7}, {"record": []}, {"record": {}}, {"record": {"event": "order_placed", "visitor": "x"}}, {"record": {"event": None, "merges": "v1"}},
                  {"record": {"event": None, "asked_for": ["web.hero"]}}):
        status, answer = decide(s, {"visitor": "v4", "slot": "web.hero", **wrong})
        same((status, answer["success"]), (400, False))
    same(decide(s, {"userId": "undefined", "slot": "web.hero"})[0], 400)
    before = s.metric("records_taken_total")
    for _ in range(3):  # who got no answer asks again
        same(decide(s, {"visitor": "v5", "slot": "web.hero", "messageId": "again", "record": {"event": "order_placed", "fields": {"n": 5}}, "context": {"plan": "gold"}})[0], 200)
    same(s.metric("records_taken_total"), before + 3)


@test
def several_at_once(w):
    write_pack(w.pack, PAGE_CATALOG, PAGE_RULES)
    s = w.start()
    asks = [{"visitor": f"v{i}", "slot": "web.hero", "context": {"plan": "free" if i % 2 else "gold"}} for i in range(50)]
    status, answers = decide(s, asks + [{"visitor": "x", "slot": "web.none"}, 7])
    same((status, len(answers)), (200, 52))
    same([(a["visitor"], shown(a)) for a in answers[:50]], [(f"v{i}", ["teaser"] if i % 2 else []) for i in range(50)])
    same([a["success"] for a in answers[50:]], [False, False])
    same(decide(s, [])[1], [])
    same(decide(s, asks * 30)[0], 413)
    same(decide(s, "nothing")[0], 400)


def main():
    failed = 0
    for f in TESTS:
        w = World()
        try:
            f(w)
            print(f"ok    {f.__name__}", flush=True)
        except Exception as e:  # whatever it is: the other tests go on
            failed += 1
            print(f"FAIL  {f.__name__}: {type(e).__name__}: {e}", flush=True)
        finally:
            w.close()
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
