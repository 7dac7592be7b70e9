#!/usr/bin/env python3
"""Decisions that leave by webhook: signed, in order, at least once, whatever the receiver does and whenever the service is killed.

usage: tests/live/webhook.py [NAME …]      only the tests whose names contain one of those
The last line is `N passed, M failed`.
"""
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
os.environ["no_proxy"] = "*"  # receivers are on this machine
from service import POLKU, Service, write_pack  # noqa: E402

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OLD_KEY = b"o" * 24
OLD_SECRET = "whsec_" + base64.b64encode(OLD_KEY).decode()
TESTS = []


def test(f):
    TESTS.append(f)
    return f


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def until(what, wait=15):
    """The first true answer of `what`; after so long, its last one."""
    end = time.monotonic() + wait
    while True:
        answer = what()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)


class Receiver:
    """Somebody's server. `answer` says what to do with a request: a status, or a status and headers, None to take no notice. All it got stands in `got`."""

    def __init__(self, answer=lambda request: 200, port=0):
        self.answer = answer
        self.lock = threading.Lock()
        self.got = []          # (headers, body, status, when), in the order in which the answers went out
        self.most = self.now = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                begun = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.now += 1
                    receiver.most = max(receiver.most, receiver.now)
                headers = {k.lower(): v for k, v in self.headers.items()}
                headers[":path"] = self.path
                said = receiver.answer({"headers": headers, "json": json.loads(body)})
                with receiver.lock:
                    receiver.now -= 1
                    receiver.got.append((headers, body, said if isinstance(said, (int, type(None))) else said[0], begun))
                if said is None:
                    self.close_connection = True
                    return
                status, more = (said, {}) if isinstance(said, int) else said
                try:
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # it waited no longer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def taken(self):
        """The decisions that it took, in order."""
        with self.lock:
            return [json.loads(body) for _, body, status, _ in self.got if status is not None and 200 <= status < 300]

    def numbers(self):
        return [d["actions"][0]["params"]["n"] for d in self.taken()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Place:
    """A folder of a test's own: pack, data, decisions."""

    def __init__(self, root, name):
        self.folder = os.path.join(root, name)
        self.pack = write_pack(os.path.join(self.folder, "pack"))
        self.decisions = os.path.join(self.folder, "decisions.ndjson")
        self.services, self.receivers = [], []

    def receiver(self, *args, **more):
        self.receivers.append(Receiver(*args, **more))
        return self.receivers[-1]

    def serve(self, *flags):
        self.services.append(Service(self.pack, os.path.join(self.folder, "data"), "--decisions", self.decisions, "--shards", "2", "--admin-listen", "127.0.0.1:0", "--admin-key", "ops", *flags))
        return self.services[-1]

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def ids(self):
        with open(self.decisions, encoding="utf-8") as file:
            return {json.loads(line)["id"] for line in file}

    def close(self):
        for s in self.services:
            if s.process.poll() is None:
                s.kill()
        for r in self.receivers:
            r.close()


def order(n, who="u1"):
    return {"type": "track", "event": "Order Placed", "userId": who, "messageId": f"m{n}", "properties": {"n": n}}


def send(service, *orders):
    status, body, _ = service.ask("POST", "/v1/batch", {"batch": list(orders)})
    same((status, json.loads(body)), (200, {"success": True}))


def metric(service, name):
    found = re.findall(rf"^polku_webhook_{name}\{{sink=\"[^\"]*\"\}} ([0-9.]+)$", service.ask("GET", "/metrics")[1], re.M)
    return sum(map(float, found))


OPS = {"Authorization": "Bearer ops"}


def letters(service):
    status, body = service.admin("GET", "/v1/admin/letters", headers=OPS)
    same(status, 200)
    return json.loads(body)["letters"]


def verified(headers, body, key):
    """As a receiver does it."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, each) for each in headers["webhook-signature"].split(" ")) and abs(time.time() - int(headers["webhook-timestamp"])) < 300


@test
def signed_and_as_in_the_file(p):
    r = p.receiver()
    s = p.serve("--webhook", r.url, "--webhook-secret", p.file("secret", f"{SECRET}\n{OLD_SECRET}\n"))
    send(s, order(1), order(2, "ü\u2028\"2"))
    same(until(lambda: len(r.taken()) == 2), True)
    with open(p.decisions, encoding="utf-8") as file:
        lines = set(file.read().split("\n"))
    for headers, body, _, _ in r.got:
        same(body.decode() in lines, True)
        same((headers["content-type"], headers[":path"]), ("application/json", "/hook"))
        same((headers["webhook-id"], headers["idempotency-key"]), (json.loads(body)["id"],) * 2)
        same((verified(headers, body, KEY), verified(headers, body, OLD_KEY), verified(headers, body + b" ", KEY), verified(headers, body, b"x" * 32)), (True, True, False, False))
    same(until(lambda: metric(s, "behind") == 0), True)
    same((metric(s, "delivered_total"), metric(s, "retried_total"), metric(s, "letters"), metric(s, "in_flight"), metric(s, "seconds_count")), (2, 0, 0, 0, 2))
    same(s.stop()[0], 0)


@test
def a_secret_is_nowhere_to_be_seen(p):
    os.environ["POLKU_TEST_SECRET"] = SECRET
    r = p.receiver(lambda request: 400)
    config = p.file("config.yaml", f"webhook: http://anna:pass%77ord@127.0.0.1:{r.port}/hook?token=t0ken\nwebhook-secret: env:POLKU_TEST_SECRET\nwebhook-timeout: 2\n")
    s = p.serve("--config", config)
    send(s, order(1))
    same(len(until(lambda: letters(s))), 1)
    headers, body, _, _ = r.got[0]
    same((headers[":path"], headers["authorization"]), ("/hook?token=t0ken", "Basic " + base64.b64encode(b"anna:password").decode()))
    same(verified(headers, body, KEY), True)
    seen = s.ask("GET", "/metrics")[1] + s.admin("GET", "/v1/admin/letters", headers=OPS)[1]
    same(f'sink="127.0.0.1:{r.port}"' in seen and f'"http://127.0.0.1:{r.port}/hook"' in seen, True)
    with open(f"/proc/{s.process.pid}/cmdline", "rb") as file:
        seen += file.read().decode()
    code, said = s.stop()
    same((code, "decisions go to 127.0.0.1" in said), (0, True))
    for secret in ("anna", "pass", "t0ken", SECRET, SECRET[6:]):
        same((secret, secret in seen + said), (secret, False))


@test
def misuse_is_told(p):
    for flags, wanted in (
        (["--webhook", "ftp://anna:secret@hooks.example/x?y=secret"], "is no URL"), (["--webhook", "hooks.example"], "is no URL"), (["--webhook", "http://"], "is no URL"),
        (["--webhook-secret", "env:HOME"], "there is none"),
        (["--webhook", "http://a.example/", "--webhook-secret", "env:POLKU_NOT_THERE"], "no environment variable"),
        (["--webhook", "http://a.example/", "--webhook-secret", "/nowhere/secret"], "cannot be read"),
        (["--webhook", "http://a.example/", "--webhook-secret", p.folder], "cannot be read"),
        (["--webhook", "http://a.example/", "--webhook-secret", SECRET], "not the secret itself"),
        (["--webhook", "http://a.example/", "--webhook-secret", SECRET[6:]], "not the secret itself"),
        (["--webhook", "http://a.example/", "--webhook-secret", p.file("a", "whsec_secret!")], "is no secret"),
        (["--webhook", "http://a.example/", "--webhook-secret", p.file("b", "")], "is empty"),
        (["--webhook", "http://a.example/", "--webhook-secret", p.file("c", "whsec_c2VjcmV0")], "has 6 bytes"),
        (["--webhook", "http://a.example/?x", "--webhook", "http://a.example/?y"], "differ"),
        (["--webhook", "http://a.example/", "--webhook-secret", "x", "--webhook-secret", "y"], "in their order"),
        (["--webhook", "http://a.example/", "--webhook-timeout", "0"], "--webhook-timeout"), (["--webhook", "http://a.example/", "--webhook-attempts", "0"], "--webhook-attempts"),
        (["--webhook", "http://a.example/", "--webhook-retry-for", "-1"], "--webhook-retry-for"),
    ):
        run = subprocess.run([POLKU, "serve", p.pack, "--data", os.path.join(p.folder, "none"), "--listen", "127.0.0.1:0", "--no-cache", *flags], capture_output=True, text=True, timeout=20, check=False)
        same((flags, run.returncode, wanted in run.stderr, SECRET[6:] in run.stderr, "secret@" in run.stderr, "y=secret" in run.stderr), (flags, 2, True, False, False, False))
    same(os.path.exists(os.path.join(p.folder, "none")), False)


@test
def a_visitors_decisions_keep_their_order(p):
    tried = collections.Counter()
    lock = threading.Lock()
    busy = collections.Counter()
    wrong = []

    def answer(request):
        n, who = request["json"]["actions"][0]["params"]["n"], request["json"]["visitor"]
        with lock:
            tried[n] += 1
            busy[who] += 1
            if busy[who] > 1:
                wrong.append(n)
            first = tried[n] == 1
        time.sleep(0.005)
        with lock:
            busy[who] -= 1
        return 500 if n % 10 == 3 and first else 200

    r = p.receiver(answer)
    s = p.serve("--webhook", r.url)
    for part in range(4):
        send(s, *(order(n, f"u{n % 12}") for n in range(part * 50, part * 50 + 50)))
    same(until(lambda: len(r.taken()) == 200), True)
    of = collections.defaultdict(list)
    for d in r.taken():
        of[d["visitor"]].append(d["actions"][0]["params"]["n"])
    same((wrong, {v: n for v, n in of.items() if n != sorted(n)}, len(of)), ([], {}, 12))
    same((2 <= r.most <= 8, metric(s, "retried_total"), metric(s, "letters_total")), (True, 20, 0))


@test
def tried_again_when_it_fails(p):
    tried = collections.Counter()
    asked = []

    def answer(request):
        n = request["json"]["actions"][0]["params"]["n"]
        tried[n] += 1
        if tried[n] > 1:
            return 200
        if n == 2:
            time.sleep(1.2)  # longer than it waits
        if n == 3:
            asked.append(time.monotonic())
        return {1: 500, 2: 200, 3: (429, {"Retry-After": "1"}), 4: 408, 5: None}[n]

    r = p.receiver(answer)
    s = p.serve("--webhook", r.url, "--webhook-timeout", "0.5")
    for n in (1, 2, 4, 5, 3):
        send(s, order(n, f"u{n}"))
        same(until(lambda: tried[n] == 1 if n == 3 else tried[n] >= 2), True)
    same(until(lambda: tried[3] == 2 and metric(s, "behind") == 0), True)
    again = [begun for _, body, _, begun in r.got if json.loads(body)["actions"][0]["params"]["n"] == 3][1]
    # A connection that was used before and breaks before an answer, libcurl opens again on its own.
    same((again - asked[0] >= 0.95, metric(s, "delivered_total"), metric(s, "retried_total") in (4, 5), letters(s)), (True, 5, True, []))


@test
def what_it_will_never_take_is_a_letter(p):
    refuse = {"on": True}
    r = p.receiver(lambda request: {0: 400, 1: 410, 2: 302}[request["json"]["actions"][0]["params"]["n"] % 3] if refuse["on"] and request["json"]["visitor"] != "fine" else 200)
    s = p.serve("--webhook", r.url, "--write-key", "k")
    key = {"X-Write-Key": "k"}
    same(s.ask("POST", "/v1/batch", {"batch": [order(n, f"u{n % 3}") for n in range(9)] + [order(9, "fine")]}, key)[0], 200)
    ask = lambda: json.loads(s.admin("GET", "/v1/admin/letters", headers=OPS)[1])  # noqa: E731
    found = until(lambda: ask() if ask()["all"] == 9 else None)
    same((len(found["letters"]), r.numbers()), (9, [9]))
    same({(l["sink"], l["visitor"], l["status"], l["attempts"]) for l in found["letters"]}, {(r.url, f"u{k}", status, 1) for k, status in enumerate((400, 410, 302))})
    same(len(json.loads(s.admin("GET", "/v1/admin/letters?limit=2", headers=OPS)[1])["letters"]), 2)
    for method, path, body, wanted in (("GET", "", None, 401), ("POST", "/replay", "", 401)):
        same(s.admin(method, "/v1/admin/letters" + path, body)[0], wanted)
        same(s.admin(method, "/v1/admin/letters" + path, body, key)[0], wanted)
    for method, path, body, wanted in (("POST", "", "", 405), ("GET", "/replay", None, 405), ("GET", "?limit=x", None, 400), ("POST", "/replay", "{", 400), ("POST", "/replay", '{"id": ["x"]}', 400),
                                       ("POST", "/replay", '{"ids": [1]}', 400), ("POST", "/replay", '{"ids": "x"}', 400)):
        same((path, body, s.admin(method, "/v1/admin/letters" + path, body, OPS)[0]), (path, body, wanted))
    s.kill()  # they outlive that
    s = p.serve("--webhook", r.url + "?token=new", "--write-key", "k")
    same(sorted(l["id"] for l in ask()["letters"]), sorted(l["id"] for l in found["letters"]))
    replay = lambda body: json.loads(s.admin("POST", "/v1/admin/letters/replay", body if isinstance(body, str) else json.dumps(body), OPS)[1])  # noqa: E731
    one = found["letters"][0]["id"]
    same(replay({"ids": [one]})["sent"], 1)  # refused once more, and remains
    same(until(lambda: [l["attempts"] for l in ask()["letters"] if l["id"] == one] == [2]), True)
    refuse["on"] = False
    same(replay({"ids": [one, "nobody"]}), {"success": True, "sent": 1, "not_found": 1, "no_webhook": 0})
    same(until(lambda: ask()["all"] == 8), True)
    same(r.taken()[-1]["id"], one)
    same(replay("")["sent"], 8)
    same(until(lambda: ask()["all"] == 0), True)
    same((sorted(set(r.numbers())), metric(s, "letters"), metric(s, "letters_total")), (list(range(10)), 0, 1))


@test
def a_decision_that_fails_alone_is_given_up_on(p):
    r = p.receiver(lambda request: 500 if request["json"]["actions"][0]["params"]["n"] == 0 else 200)
    s = p.serve("--webhook", r.url, "--webhook-attempts", "3")
    send(s, order(0, "bad"), order(1, "bad"))
    n = 2
    while not letters(s) and n < 300:
        send(s, order(n, f"u{n}"))
        n += 1
        time.sleep(0.05)
    same([(l["visitor"], l["status"]) for l in letters(s)], [("bad", 500)])
    same(until(lambda: sorted(r.numbers()) == list(range(1, n))), True)  # and the next one of the visitor may go


@test
def all_arrive_when_it_comes_back(p):
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    s = p.serve("--webhook", f"http://127.0.0.1:{port}/hook")
    send(s, *(order(n, f"u{n % 40}") for n in range(300)))
    same(until(lambda: metric(s, "down") == 1), True)
    time.sleep(1)
    same((metric(s, "delivered_total"), metric(s, "letters_total"), metric(s, "behind") > 0, metric(s, "retried_total") < 60), (0, 0, True, True))
    down = json.loads(s.admin("GET", "/v1/admin/letters", headers=OPS)[1])["webhooks"][0]["down"]
    same("onnect" in (down or ""), True)
    r = p.receiver(port=port)
    same(until(lambda: sorted(r.numbers()) == list(range(300))), True)
    same(until(lambda: (metric(s, "down"), metric(s, "behind")) == (0, 0)), True)


@test
def nothing_is_tried_for_ever(p):
    r = p.receiver(lambda request: 503)
    s = p.serve("--webhook", r.url, "--webhook-retry-for", "1.5")
    send(s, *(order(n, f"u{n % 20}") for n in range(40)))
    same(until(lambda: len(letters(s)) == 40), True)
    same((until(lambda: metric(s, "behind") == 0), {l["status"] in (503, None) for l in letters(s)}), (True, {True}))


@test
def a_kill_loses_nothing(p):
    r = p.receiver(lambda request: (time.sleep(0.003), 503 if hash((request["json"]["id"], time.time())) % 20 == 0 else 200)[1])
    sent = 0
    for _ in range(4):
        s = p.serve("--webhook", r.url)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            send(s, *(order(n, f"u{n % 30}") for n in range(sent, sent + 10)))
            sent += 10
            time.sleep(0.01)
        s.kill()
    s = p.serve("--webhook", r.url)
    same(until(lambda: metric(s, "behind") == 0 and s.metric("decisions_total") == 0), True)
    same(s.stop()[0], 0)
    took = r.taken()
    same(({d["id"] for d in took} == p.ids(), len(p.ids()), letters_after(p)), (True, sent, 0))
    first = collections.defaultdict(list)  # of each visitor, each decision when it came first
    seen = set()
    for d in took:
        if d["id"] not in seen:
            seen.add(d["id"])
            first[d["visitor"]].append(d["actions"][0]["params"]["n"])
    same({v: n for v, n in first.items() if n != sorted(n)}, {})
    print(f"webhook: {len(p.ids())} decisions, {len(took) - len(seen)} of them came again")


@test
def a_restart_sends_only_what_was_not_taken(p):
    r = p.receiver(lambda request: 500 if request["json"]["visitor"] == "u0" else 200)
    s = p.serve("--webhook", r.url)
    send(s, *(order(n, f"u{n % 5}") for n in range(100)))
    same(until(lambda: len(r.taken()) == 80), True)
    same(s.stop()[0], 0)
    r.answer = lambda request: 200
    s = p.serve("--webhook", r.url)
    send(s, order(100))
    same(until(lambda: metric(s, "behind") == 0), True)
    same(sorted(r.numbers()), list(range(101)))


def letters_after(p):
    s = p.serve()
    try:
        return len(letters(s))
    finally:
        s.kill()


@test
def a_slow_receiver_slows_nobody_down(p):
    r = p.receiver(lambda request: (time.sleep(3), 200)[1])
    s = p.serve("--webhook", r.url)
    send(s, *(order(n, f"u{n}") for n in range(100)))
    same(until(lambda: metric(s, "in_flight") == 8), True)
    took = []
    for n in range(60):
        begun = time.monotonic()
        same(s.ask("POST", "/v1/decide", {"userId": f"v{n}", "slot": "web.hero"})[0], 200)
        took.append(time.monotonic() - begun)
    took.sort()
    if took[50] > 0.3:
        raise AssertionError(f"a request for a decision took {took[50]:.3f} s")
    begun = time.monotonic()
    same(s.stop()[0], 0)
    same((time.monotonic() - begun < 8, len(r.taken()) >= 8), (True, True))  # what was on its way is waited for
    took = set(d["id"] for d in r.taken())
    r.answer = lambda request: 200
    s = p.serve("--webhook", r.url)
    same(until(lambda: metric(s, "behind") == 0), True)
    same(({d["id"] for d in r.taken()} == p.ids(), took <= p.ids()), (True, True))
    same(len(r.taken()) - len(p.ids()) <= 8, True)


@test
def two_receivers_do_not_wait_for_each_other(p):
    a, b = p.receiver(), p.receiver(lambda request: 500)
    s = p.serve("--webhook", a.url, "--webhook", b.url, "--webhook-secret", p.file("a", SECRET), "--webhook-secret", p.file("b", OLD_SECRET))
    send(s, *(order(n, f"u{n % 5}") for n in range(50)))
    same(until(lambda: len(a.taken()) == 50 and len(b.got) > 0), True)
    same((verified(*a.got[0][:2], KEY), verified(*b.got[0][:2], OLD_KEY), len(b.taken())), (True, True, 0))
    same(s.stop()[0], 0)
    s = p.serve("--webhook", a.url, "--webhook", b.url)
    b.answer = lambda request: 200
    same(until(lambda: sorted(b.numbers()) == list(range(50))), True)
    same((len(a.taken()), "webhook-signature" in b.got[-1][0]), (50, False))
    fresh = p.receiver()  # who comes later gets what is decided from then on
    s.stop()
    s = p.serve("--webhook", fresh.url)
    send(s, order(50))
    same((until(lambda: fresh.numbers()), len(a.taken())), ([50], 50))
    s.stop()
    s = p.serve("--webhook", a.url)  # who was away goes on where he stopped
    same(until(lambda: a.numbers()[50:]), [50])


def main():
    root = tempfile.mkdtemp(prefix="polku-webhook-")
    passed = failed = 0
    for t in TESTS:
        if len(sys.argv) > 1 and not any(name in t.__name__ for name in sys.argv[1:]):
            continue
        place = Place(root, t.__name__)
        begun = time.monotonic()
        try:
            t(place)
            passed += 1
        except Exception as e:  # the next one is tried all the same
            failed += 1
            print(f"webhook: {t.__name__}: {type(e).__name__}: {e}")
        finally:
            place.close()
        print(f"webhook: {t.__name__}: {time.monotonic() - begun:.1f} s")
    shutil.rmtree(root, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
