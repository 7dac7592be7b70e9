#!/usr/bin/env python3
"""What the service answers: to well-meant requests, to wrong ones and to hostile ones. Afterwards it still serves, and every refusal is counted.

usage: tests/live/requests.py [--hostile 400] [--seed 1]
The last line is `N passed, M failed`.
"""
import argparse
import base64
import gzip
import json
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import Service, write_pack  # noqa: E402

TESTS = []


def test(f):
    TESTS.append(f)
    return f


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def order(n, **more):
    return {"type": "track", "event": "Order Placed", "userId": "u1", "messageId": f"h{n}", "properties": {"n": n}, **more}


def decisions(service, count, wait=5):
    """The lines of the file of decisions, once there are so many; of nothing to wait for, once all that was decided stands there."""
    until = time.monotonic() + wait
    count = count or service.metric("decisions_total")
    while True:
        with open(service.decisions, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        if len(lines) >= count or time.monotonic() > until:
            return lines
        time.sleep(0.02)


@test
def takes_a_batch_and_decides(s):
    before = len(decisions(s, 0))
    status, body, _ = s.ask("POST", "/v1/batch", {"batch": [order(1), order(2)], "sentAt": "2026-11-23T07:00:00Z"})
    same((status, json.loads(body)), (200, {"success": True}))
    same(sorted(d["actions"][0]["params"]["n"] for d in decisions(s, before + 2)[before:]), [1, 2])


@test
def a_second_time_is_no_second_event(s):
    before = len(decisions(s, 0))
    for path, body in (("/v1/batch", {"batch": [order(3)]}), ("/v1/t", order(3)), ("/v1/track", {k: v for k, v in order(3).items() if k != "type"})):
        same(s.ask("POST", path, body)[0], 200)
    time.sleep(0.1)
    same(len(decisions(s, before + 1)), before + 1)


@test
def a_second_time_under_another_id_of_the_person(s):
    before = len(decisions(s, 0))
    same(s.ask("POST", "/v1/t", {"event": "Order Placed", "anonymousId": "a4", "messageId": "h4", "properties": {"n": 4}})[0], 200)
    same(s.ask("POST", "/v1/i", {"type": "identify", "userId": "u4", "anonymousId": "a4", "messageId": "i4"})[0], 200)
    same(s.ask("POST", "/v1/t", {"event": "Order Placed", "userId": "u4", "messageId": "h4", "properties": {"n": 4}})[0], 200)
    time.sleep(0.1)
    same(len(decisions(s, before + 1)), before + 1)


@test
def two_who_are_each_other(s):
    for i in range(30):  # some of them of one shard, some of two
        one, other = {"type": "alias", "userId": f"p{i}", "previousId": f"q{i}"}, {"type": "alias", "userId": f"q{i}", "previousId": f"p{i}"}
        start = time.monotonic()
        same(s.ask("POST", "/v1/batch", {"batch": [order(1000 + i, userId=f"p{i}"), order(2000 + i, userId=f"q{i}"), one, other]})[0], 200)
        same(time.monotonic() - start < 5, True)
    time.sleep(0.1)
    same(s.metric("messages_waiting"), 0)
    before = len(decisions(s, 0))
    for i in range(30):  # one person by now, whose record is known
        same(s.ask("POST", "/v1/t", order(2000 + i, userId=f"p{i}"))[0], 200)
    same(len(decisions(s, 0)), before)


@test
def a_chain_of_names(s):
    """Each is said to be the next one, over two shards and by three clients at once; in the end they are one, and nobody waits for ever."""
    chain = [{"type": "alias", "userId": f"c{i}", "previousId": f"c{i + 1}"} for i in range(300)]
    answers = []
    clients = [threading.Thread(target=lambda: answers.append(s.ask("POST", "/v1/batch", {"batch": chain})[0])) for _ in range(3)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    same(answers, [200] * 3)
    same(s.metric("messages_waiting"), 0)
    same(s.ask("POST", "/v1/t", order(9000, userId="c300"))[0], 200)
    before = len(decisions(s, 0))
    same(s.ask("POST", "/v1/t", order(9000, userId="c0"))[0], 200)
    same(len(decisions(s, 0)), before)


@test
def content_type_is_no_evidence(s):
    body = gzip.compress(json.dumps({"batch": [order(5)]}).encode())
    before = len(decisions(s, 0))
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        same(s.ask("POST", "/v1/batch", body, {"content-type": kind})[0], 200)
    same(len(decisions(s, before + 1)), before + 1)


@test
def beside_bad_records_good_ones_are_taken(s):
    before = len(decisions(s, 0))
    status, body, _ = s.ask("POST", "/v1/batch", {"batch": [order(6), {"type": "track", "event": "Nothing Known", "userId": "u1"}, 7, {"type": "track", "event": "Order Placed"}]})
    same(status, 200)
    same({k: v["count"] for k, v in json.loads(body)["rejected"].items()}, {"unknown_event": 1, "bad_json": 1, "no_visitor": 1})
    same(len(decisions(s, before + 1)), before + 1)


@test
def a_name_has_at_most_1024_bytes(s):
    long = [("/v1/t", order(9001, userId="x" * 1025)), ("/v1/t", order(9002, anonymousId="é" * 513)), ("/v1/a", {"userId": "u1", "previousId": "x" * 1025}),
            ("/v1/events", {"visitor": "x" * 1025, "at": "2026-11-23T07:00:00Z", "event": "order_placed", "fields": {"n": 1}})]
    for path, body in long:
        status, said, _ = s.ask("POST", path, body)
        same((status, json.loads(said)["rejected"]["long_name"]["count"]), (200, 1))
    same(s.ask("POST", "/v1/t", order(9003, userId="x" * 1024))[:2], (200, '{"success":true}'))
    same(s.ask("POST", "/v1/decide", {"userId": "x" * 1025, "slot": "web.hero"})[0], 400)


@test
def head_is_get_without_a_body(s):
    for path, wanted in (("/healthz", 200), ("/metrics", 200), ("/v1/decisions/stream", 200), ("/nowhere", 404)):
        same((path, s.ask("HEAD", path)[:2]), (path, (wanted, "")))


@test
def an_answer_is_utf8_whatever_was_asked(s):
    same(json.loads(s.ask("POST", "/v1/events?source=%ff%22", "{}")[1])["error"], 'The pack has no source `\ufffd"` of the format `ndjson`.')
    same(json.loads(s.ask("GET", "/v1/projects/%fe%41/settings")[1])["integrations"]["Segment.io"]["apiKey"], "\ufffdA")


@test
def cloud_events_in_all_three_forms(s):
    before = len(decisions(s, 0))
    data = {"n": 8}
    head = {"specversion": "1.0", "id": "c1", "source": "/desk", "type": "order_placed", "subject": "u8"}
    same(s.ask("POST", "/ce", data, {f"ce-{k}": v for k, v in head.items()} | {"content-type": "application/json"})[0], 200)
    same(s.ask("POST", "/ce", {**head, "id": "c2", "data": {"n": 9}}, {"content-type": "application/cloudevents+json"})[0], 200)
    same(s.ask("POST", "/ce", [{**head, "id": "c3", "data": {"n": 10}}, {**head, "data": {"n": 11}}], {"content-type": "application/cloudevents-batch+json"})[0], 200)
    found = decisions(s, before + 3)[before:]
    same(sorted(d["actions"][0]["params"]["n"] for d in found), [8, 9, 10])
    same({d["visitor"] for d in found}, {"u8"})


@test
def lines_of_json(s):
    before = len(decisions(s, 0))
    lines = "\n".join(json.dumps({"visitor": "l1", "at": "2026-11-23T07:00:00Z", "event": "order_placed", "id": f"l{n}", "fields": {"n": n}}) for n in (12, 13))
    same(s.ask("POST", "/v1/events", lines + "\n\nno json\n")[0], 200)
    same(len(decisions(s, before, wait=0.2)), before)  # they are months old by the service's clock, and trigger nothing


@test
def asks_for_a_decision(s):
    status, body, _ = s.ask("POST", "/v1/decide", {"userId": "u20", "slots": ["web.hero"]})
    same(status, 200)
    found = json.loads(body)
    same((found["visitor"], found["decisions"][0]["actions"][0]), ("u20", {"kind": "show", "name": "teaser", "channel": "web", "slot": "hero", "params": {}}))
    for wrong in ("", "{}", {"userId": "u"}, {"userId": "u", "slot": "web.nowhere"}, {"slot": "web.hero"}, {"userId": "u", "slots": [1]}):
        same(s.ask("POST", "/v1/decide", wrong)[0], 400)


@test
def streams_decisions(s):
    c = socket.create_connection(("127.0.0.1", s.port), timeout=10)
    c.sendall(b"GET /v1/decisions/stream?visitor=u30 HTTP/1.1\r\nHost: x\r\n\r\n")
    got = b""
    while b"\r\n\r\n" not in got:
        got += c.recv(4096)
    s.ask("POST", "/v1/batch", {"batch": [order(30, userId="u31"), order(31, userId="u30")]})
    while b"\n\n" not in got.split(b"\r\n\r\n", 1)[1]:
        got += c.recv(4096)
    c.close()
    event = next(line for line in got.decode().splitlines() if line.startswith("data: "))
    same(json.loads(event[6:])["visitor"], "u30")


@test
def settings_for_browsers(s):
    status, body, headers = s.ask("GET", "/v1/projects/WK/settings", headers={"Origin": "https://shop.example"})
    same(status, 200)
    # No metrics: the library would send its own to Segment.
    same(json.loads(body), {"integrations": {"Segment.io": {"apiKey": "WK", "apiHost": f"127.0.0.1:{s.port}/v1", "protocol": "http"}}, "metrics": {"sampleRate": 0}})
    same(headers["access-control-allow-origin"], "https://shop.example")


@test
def browsers_may_ask_first(s):
    status, _, headers = s.ask("OPTIONS", "/v1/p", headers={"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization"})
    same(status, 204)
    same("authorization" in headers["access-control-allow-headers"], True)


@test
def more_than_can_be_taken(s):
    """While a great many records wait, the next request is told when to come again; also a page's, which sees no other headers than those exposed."""
    identify = json.dumps({"type": "identify", "userId": "u70"})
    # One record a great many times: it costs the service little more than the reading.
    many = gzip.compress(('{"batch":[' + ",".join([json.dumps({"type": "identify", "userId": "u71", "messageId": "i71"})] * 150000) + "]}").encode(), 1)
    for _ in range(10):  # they may be taken before anybody else comes
        answers = []
        big = threading.Thread(target=lambda: answers.append(s.ask("POST", "/v1/batch", many)[0]))
        big.start()
        while not answers:
            status, _, headers = s.ask("POST", "/v1/i", identify, {"Origin": "https://shop.example"})
            if status == 429:
                break
        big.join()
        same(answers, [200])
        if status == 429:
            break
    same((status, headers.get("retry-after"), headers.get("access-control-expose-headers")), (429, "1", "Retry-After"))
    same(s.ask("POST", "/v1/i", identify)[0], 200)


@test
def says_what_is_wrong(s):
    for method, path, body, wanted in (
        ("POST", "/v1/batch", "{", 400), ("POST", "/v1/batch", "", 400), ("POST", "/v1/batch", b"\x1f\x8bno gzip", 400),
        ("GET", "/v1/batch", None, 405), ("POST", "/v1/nowhere", "{}", 404), ("POST", "/v1/events?source=nobody", "{}", 400),
        ("POST", "/v1/batch", gzip.compress(b" " * (64 << 20)), 413), ("GET", "/../../etc/passwd", None, 404),
    ):
        same((path, s.ask(method, path, body)[0]), (path, wanted))
    c = socket.create_connection(("127.0.0.1", s.port), timeout=10)
    c.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    same(c.recv(100).split(b" ")[1], b"413")
    c.close()
    c = socket.create_connection(("127.0.0.1", s.port), timeout=10)
    c.sendall(b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(64)) + b"\r\n")
    same(c.recv(100).split(b" ")[1], b"431")
    c.close()


@test
def keys(s):
    k = s.guarded
    body = json.dumps(order(40))
    same(k.ask("POST", "/v1/t", body)[0], 401)
    same(k.ask("POST", "/v1/t", body, {"Authorization": "Basic " + base64.b64encode(b"wrong:").decode()})[0], 401)
    same(k.ask("POST", "/v1/decide", {"userId": "u", "slot": "web.hero"})[0], 401)
    for headers in ({"Authorization": "Basic " + base64.b64encode(b"right:").decode()}, {"Authorization": "Bearer right"}, {"X-Write-Key": "right:s"}):
        same(k.ask("POST", "/v1/t", body, headers)[0], 200)
    same(k.ask("POST", "/v1/batch", json.dumps({"batch": [order(41)], "writeKey": "right"}))[0], 200)
    same(k.ask("POST", "/beacon/v1/batch?writeKey=right", json.dumps({"batch": [order(42)]}))[0], 200)
    same(k.ask("GET", "/healthz")[0], 200)


def hostile(s, count, rnd):
    """Requests that nobody means well; each gets an answer or its connection is closed."""
    good = json.dumps({"batch": [order(50), order(51, anonymousId="x")], "sentAt": "2026-11-23T07:00:00Z"}).encode()
    paths = ["/v1/batch", "/v1/t", "/ce", "/v1/events", "/v1/decide", "/metrics", "/v1/projects/%00/settings", "/v1/%2e%2e/x", "/" + "a" * 3000, "/v1/decisions/stream?visitor=%ff"]
    answered = closed = 0
    for _ in range(count):
        body = bytearray(good)
        for _ in range(rnd.randint(0, 8)):
            i = rnd.randrange(len(body))
            kind = rnd.randrange(4)
            if kind == 0:
                body[i] = rnd.randrange(256)
            elif kind == 1:
                del body[i:i + rnd.randint(1, 30)]
            elif kind == 2:
                body[i:i] = rnd.choice([b"{", b"[", b'"', b"\\u0000", b"\xff", b"null", b"1e999", b"[" * 300])
            else:
                body += body[:i]
            if not body:
                body = bytearray(b"{")
        body = bytes(body)
        if rnd.random() < 0.2:
            body = gzip.compress(body)
            if rnd.random() < 0.5:
                body = body[: rnd.randrange(len(body))]
        request = b"%s %s HTTP/1.%d\r\nHost: x\r\n" % (rnd.choice([b"POST", b"POST", b"POST", b"GET", b"PUT", b"\x00"]), rnd.choice(paths).encode(), rnd.randint(0, 1))
        length = rnd.choice([len(body)] * 8 + [0, len(body) + 5, 10**19])
        request += b"Content-Length: %d\r\n" % length if rnd.random() < 0.95 else b"Transfer-Encoding: chunked\r\n"
        request += b"\r\n" + body
        c = socket.create_connection(("127.0.0.1", s.port), timeout=2)
        try:
            c.sendall(request if rnd.random() < 0.95 else request[: rnd.randrange(len(request))])
            if rnd.random() < 0.5:
                c.shutdown(socket.SHUT_WR)
            c.settimeout(0.3)
            answered += bool(c.recv(1000))
        except OSError:
            closed += 1
        c.close()
    return answered, closed


@test
def survives_the_hostile(s):
    answered, closed = hostile(s, s.hostile, random.Random(s.seed))
    if answered < s.hostile // 2:
        raise AssertionError(f"only {answered} of {s.hostile} were answered, {closed} were not")
    same(s.ask("GET", "/healthz")[0], 200)
    takes_a_batch = s.ask("POST", "/v1/batch", {"batch": [order(60)]})
    same(takes_a_batch[0], 200)
    text = s.ask("GET", "/metrics")[1]
    refused = sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("polku_requests_total{status=\"4"))
    rejected = sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("polku_records_rejected_total{"))
    same(refused > 0 and rejected > 0, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hostile", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="polku-requests-")
    pack = write_pack(os.path.join(folder, "pack"))
    service = Service(pack, os.path.join(folder, "data"), "--decisions", os.path.join(folder, "decisions.ndjson"), "--shards", "2")
    service.decisions, service.hostile, service.seed = os.path.join(folder, "decisions.ndjson"), args.hostile, args.seed
    service.guarded = Service(pack, os.path.join(folder, "guarded"), "--write-key", "right", "--write-key", "other")
    passed = failed = 0
    for t in TESTS:
        try:
            t(service)
            passed += 1
        except Exception as e:  # the next one is tried all the same
            failed += 1
            print(f"requests: {t.__name__}: {type(e).__name__}: {e}")
    for s in (service, service.guarded):
        code, said = s.stop()
        if code == 0:
            passed += 1
        else:
            failed += 1
            print(f"requests: it stopped with {code}: {said}")
    shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
