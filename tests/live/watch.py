#!/usr/bin/env python3
"""What the service says of itself: figures, costs, lines of its log, traces, and whether it is ready.

usage: tests/live/watch.py [NAME …]      only the tests whose names contain one of those
The last line is `N passed, M failed`.
"""
import concurrent.futures
import http.client
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
os.environ["no_proxy"] = "*"
from service import POLKU, Service, write_pack  # noqa: E402
from webhook import Receiver, same, until  # noqa: E402

TESTS = []
DISK = {"LD_PRELOAD": os.environ.get("POLKU_DISK", os.path.join(os.path.dirname(POLKU), "tests/live/libpolku_disk.so")),
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
NAME = 'Käse \\ "günstig"'
CATALOG = """\
catalog: shop
events:
  order_placed: { n: whole number }
  cart_updated: { n: whole number }
  page_viewed: { page: text optional }
visitor:
  plan: text optional
channels:
  web: { slots: [hero] }
templates:
  teaser: { by: [web] }
tasks:
  pack: { with: { n: whole number } }
  call: { with: { n: whole number } }
"""
RULES = """\
journey "Käse \\\\ \\"günstig\\""
  rule each_order
    when order_placed
    do raise task "pack" with n = order_placed.n

  rule golden
    when order_placed
    only if plan is "gold"
    do raise task "call" with n = order_placed.n

  rule seldom
    when order_placed
    limit 1 task in 30 days
    do raise task "call" with n = order_placed.n

  rule left_cart
    when cart_updated
    then no order_placed for 1 second
    do raise task "call" with n = cart_updated.n

  rule reader
    when page_viewed
    only if number of page_viewed in the last 7 days at least 3
    do show "teaser" in web.hero

  rule teaser
    when asked for web.hero
    do show "teaser" in web.hero
end
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
OPS = {"authorization": "Bearer operators-only"}


def test(f):
    TESTS.append(f)
    return f


# ---- the text format, as promtool looks at it ----

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def labels_of(text):
    out, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, f"these are no labels: {text}"
        assert found.group(1) not in out, f"a label comes twice: {text}"
        out[found.group(1)] = re.sub(r'\\(.)', lambda m: "\n" if m.group(1) == "n" else m.group(1), found.group(2))
        at = found.end()
    return out


def parse(text):
    """{(name, labels): value}; anything that Prometheus would not take, or promtool would complain of, is an error."""
    assert text.endswith("\n")
    types, out, family, helped = {}, {}, None, None
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            assert helped not in types and len(line.split(" ", 3)[3]) > 5, line
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family == helped and family not in types, line
            assert kind in ("counter", "gauge", "histogram", "summary"), line
            assert (kind == "counter") == family.endswith("_total"), f"{family} is a {kind}"
            types[family] = kind
            continue
        found = SAMPLE.match(line)
        assert found, f"this is no sample: {line}"
        name, labels, value = found.group(1), labels_of(found.group(2) or ""), float(found.group(3))
        suffixes = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(types[family], ("",))
        assert name in [family + s for s in suffixes], f"{name} stands among {family}"
        key = (name, tuple(sorted(labels.items())))
        assert key not in out, f"it comes twice: {line}"
        assert value >= 0, line
        out[key] = value
    for family in (f for f, kind in types.items() if kind == "histogram"):
        series = {}
        for (name, labels), value in out.items():
            if name == family + "_bucket":
                series.setdefault(tuple(l for l in labels if l[0] != "le"), []).append((float(dict(labels)["le"]), value))
        assert series, family
        for labels, buckets in series.items():
            same(buckets, sorted(buckets))
            same([n for _, n in buckets], sorted(n for _, n in buckets))
            same((buckets[-1][0], buckets[-1][1]), (float("inf"), out[(family + "_count", labels)]))
    return out


class World:
    def __init__(self, root, name):
        self.folder = os.path.join(root, name)
        self.pack = write_pack(os.path.join(self.folder, "pack"), CATALOG, RULES)
        self.data, self.out = os.path.join(self.folder, "data"), os.path.join(self.folder, "decisions")
        self.service, self.receivers = None, []

    def start(self, *flags, **more):
        self.service = Service(self.pack, self.data, "--decisions", self.out, "--shards", "2", "--admin-key", "operators-only", *flags, **more)
        return self.service

    def receiver(self, *args):
        self.receivers.append(Receiver(*args))
        return self.receivers[-1]

    def figures(self):
        status, text, headers = self.service.ask("GET", "/metrics")
        same((status, headers["content-type"].split(";")[0]), (200, "text/plain"))
        return parse(text)

    def figure(self, name, **labels):
        return self.figures().get(("polku_" + name, tuple(sorted(labels.items()))), 0)

    def decisions(self):
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def close(self):
        if self.service and self.service.process.poll() is None:
            self.service.kill()
        for r in self.receivers:
            r.close()


class Disk:
    """One that fails as it is told: disk.cc."""

    def __init__(self, w):
        self.full, self.hanging = os.path.join(w.folder, "full"), os.path.join(w.folder, "hanging")
        os.environ.update(POLKU_DISK_IS_FULL=self.full, POLKU_DISK_HANGS=self.hanging)

    @staticmethod
    def begin(what):
        open(what, "w", encoding="utf-8").close()

    @staticmethod
    def end(what):
        os.unlink(what)


def event(kind, who, number=0, **more):
    return {"type": "track", "event": kind, "userId": who, "properties": {"n": number}, **more}


def send(service, *records, **headers):
    status, body, _ = service.ask("POST", "/v1/batch", {"batch": list(records)}, {k.replace("_", "-"): v for k, v in headers.items()})
    same(status, 200)
    return json.loads(body)


def by_rule(figures, outcome=None):
    out = {}
    for (name, labels), value in figures.items():
        of = dict(labels)
        if name == "polku_rule_decisions_total" and outcome in (None, of["outcome"]):
            same(of["journey"], NAME)
            out[of["rule"] if outcome else (of["rule"], of["outcome"])] = value
    return out


def acted(decisions):
    out = {}
    for d in decisions:
        out[d["rule"]] = out.get(d["rule"], 0) + 1
    return out


# ---- figures ----

@test
def figures_move_when_they_should(w):
    s = w.start()
    before = w.figures()
    same(by_rule(before), {})
    for i in range(40):
        send(s, *(event("Order Placed", f"u{n}", n, messageId=f"m{i}.{n}") for n in range(10)))
    send(s, event("Order Placed", "u1", 1, messageId="m0.1"))                                             # again
    send(s, event("Order Placed", "u1", 1, timestamp=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600)), messageId="late"))
    same(send(s, event("Nobody Knows", "u1"))["rejected"]["unknown_event"]["count"], 1)
    for n in range(7):
        same(s.ask("POST", "/v1/decide", {"userId": f"u{n}", "slot": "web.hero"})[0], 200)
    same(s.ask("GET", "/nowhere")[0], 404)
    f = w.figures()
    rules = by_rule(f)
    same(rules[("each_order", "acted")], 400)
    same(rules[("golden", "unknown")], 400)
    same((rules[("seldom", "acted")], rules[("seldom", "over_limit")]), (10, 390))
    same(rules[("teaser", "acted")], 7)
    at = lambda name, **labels: f[("polku_" + name, tuple(sorted(labels.items())))]  # noqa: E731
    same(at("rule_unknown_total", journey=NAME, rule="golden", value="plan"), 400)
    same((at("records_taken_total"), at("records_duplicate_total"), at("records_late_total"), at("records_rejected_total", reason="unknown_event")), (408, 1, 1, 1))
    assert at("refolds_total") >= 1
    same(at("decisions_total"), sum(by_rule(f, "acted").values()))
    assert until(lambda: acted(w.decisions()) == by_rule(w.figures(), "acted")), (acted(w.decisions()), by_rule(w.figures(), "acted"))
    # Every request was measured once, and every message waited once.
    answered = sum(v for (name, _), v in f.items() if name == "polku_requests_total")
    same(sum(v for (name, _), v in f.items() if name == "polku_request_duration_seconds_count"), answered)
    same(at("request_duration_seconds_count", route="records"), 43)
    same(at("request_duration_seconds_count", route="decide"), 7)
    same(at("queue_duration_seconds_count"), 409)
    same(at("settle_duration_seconds_count"), 409)
    assert 0 < at("commit_duration_seconds_count") <= at("commits_total") + at("commits_failed_total")
    for name in ("queue", "settle", "commit"):
        assert 0 < at(f"{name}_duration_seconds_sum") < 60 * at(f"{name}_duration_seconds_count"), name
    # What was asked waits in no queue any more, and stands in the log alone for a while.
    same((at("messages_waiting"), at("shard_messages_waiting", shard="0"), at("shard_messages_waiting", shard="1")), (0, 0, 0))
    assert at("log_bytes_total") > 1000 and at("log_disk_bytes") > 1000
    assert at("log_unsaved_entries") > 0 and at("checkpoint_age_seconds") > 0
    assert at("pack_codes", tier="jit") + at("pack_codes", tier="interpreter") > 0
    for shard in ("0", "1"):
        assert at("timer_lag_seconds", shard=shard) < 5
    assert until(lambda: w.figure("checkpoint_age_seconds") == 0 and w.figure("log_unsaved_entries") == 0, 100)


@test
def readers_of_the_stream_are_counted(w):
    s = w.start()
    c = s.connect()
    c.request("GET", "/v1/decisions/stream")
    same(c.getresponse().status, 200)
    assert until(lambda: w.figure("stream_readers") == 1)
    c.sock.close()
    c.close()
    assert until(lambda: send(s, event("Order Placed", "u1")) and w.figure("stream_readers") == 0)  # by what it sends it finds out


@test
def a_timer_that_is_due_and_cannot_fire_lags(w):
    disk = Disk(w)
    write_pack(w.pack, CATALOG, RULES.replace("for 1 second", "for 5 seconds"))
    s = w.start(env=DISK)
    lag = lambda: max(v for (name, _), v in w.figures().items() if name == "polku_timer_lag_seconds")  # noqa: E731
    body = json.dumps({"batch": [{"type": "track", "event": "Page Viewed", "userId": "u1", "properties": {"page": "x" * 900_000}}] * 4})
    disk.begin(disk.hanging)
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        ask = lambda what: pool.submit(s.ask, "POST", "/v1/batch", what)  # noqa: E731
        try:
            waits = [ask(body) for _ in range(17)]  # not quite as much as may be on its way to the disk
            assert until(lambda: s.metric("records_taken_total") == 68, 60)
            waits.append(ask({"batch": [event("Cart Updated", "u1", 1)]}))
            assert until(lambda: s.metric("records_taken_total") == 69, 60)
            waits += [ask(body) for _ in range(4)]  # and now the shard waits for it, too
            assert until(lambda: lag() > 1.2, 60), lag()
            same(by_rule(w.figures(), "acted").get("left_cart"), None)
        finally:
            disk.end(disk.hanging)
        concurrent.futures.wait(waits)  # some of them for too long: that is no matter here
    assert until(lambda: by_rule(w.figures(), "acted").get("left_cart") == 1, 40)
    assert until(lambda: lag() < 0.5)


@test
def counts_go_on_with_another_pack_and_begin_anew_after_a_crash(w):
    s = w.start()
    send(s, *(event("Order Placed", f"u{n}", n, messageId=f"m{n}") for n in range(20)))
    same(by_rule(w.figures(), "acted"), {"each_order": 20, "seldom": 20})
    write_pack(w.pack, CATALOG, RULES.replace("rule seldom", "rule rare"))
    same(s.admin("POST", "/v1/admin/pack", headers=OPS)[0], 200)
    same(by_rule(w.figures(), "acted"), {"each_order": 20, "seldom": 20})
    send(s, *(event("Order Placed", f"u{n}", n, messageId=f"n{n}") for n in range(20)))
    same(by_rule(w.figures(), "acted"), {"each_order": 40, "seldom": 20, "rare": 20})
    same(w.figure("rule_unknown_total", journey=NAME, rule="golden", value="plan"), 40)
    assert w.figure("refolds_total") >= 20
    decided = w.figure("decisions_total")
    s.kill()
    w.start()
    f = w.figures()
    same((by_rule(f), f[("polku_decisions_total", ())], f[("polku_refolds_total", ())]), ({}, 0, 0))
    assert f[("polku_log_replayed_entries", ())] > 0
    assert until(lambda: len({d["id"] for d in w.decisions()}) == decided)
    same(len([d for d in w.decisions()]) >= decided, True)


@test
def costs_of_rules_and_features(w):
    s = w.start()
    same(s.admin("GET", "/v1/admin/profile")[0], 401)
    for wrong in ("0", "61", "x", "-1", "1.5", "999"):
        same(s.admin("GET", f"/v1/admin/profile?seconds={wrong}", headers=OPS)[0], 400)
    same(s.admin("POST", "/v1/admin/profile", headers=OPS)[0], 405)
    stop = threading.Event()

    def busy():
        n = 0
        while not stop.is_set():
            n += 1
            send(s, *(event("Order Placed" if i % 2 else "Page Viewed", f"u{i % 7}", i, messageId=f"{n}.{i}") for i in range(100)))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        work = pool.submit(busy)
        try:
            first = pool.submit(s.admin, "GET", "/v1/admin/profile?seconds=2", None, OPS)
            time.sleep(0.5)
            same(s.admin("GET", "/v1/admin/profile", headers=OPS)[0], 409)
            status, text = first.result()
        finally:
            stop.set()
        work.result()
    same(status, 200)
    p = json.loads(text)
    assert 2 <= p["seconds"] < 10 and 0 < p["busy_seconds"] <= 2 * p["seconds"], text
    for key in ("rules", "features"):
        costs = [each["nanoseconds"] for each in p[key]]
        same(costs, sorted(costs, reverse=True))
    rules = {r["rule"]: r for r in p["rules"]}
    same(set(rules), {"each_order", "golden", "seldom", "left_cart", "reader", "teaser"})
    same(rules["left_cart"]["judged"], 0)
    same(rules["each_order"]["acted"], rules["each_order"]["judged"])
    same(rules["golden"]["judged"], rules["each_order"]["judged"])
    same(rules["golden"]["acted"], 0)
    assert rules["each_order"]["judged"] > 100 and 10 < rules["each_order"]["nanoseconds"] / rules["each_order"]["judged"] < 1e7
    assert sum(r["nanoseconds"] for r in p["rules"]) <= p["busy_seconds"] * 1e9, text
    assert 0 < sum(r["share"] for r in p["rules"]) <= 1
    views = [f for f in p["features"] if "page_viewed" in f["feature"]]
    same((len(views), views[0]["bytes"] > 0, views[0]["updated"] > 100), (1, True, True))
    same([each["what"] for each in p["shared"]], ["filters", "triggers", "screens", "segments", "reasons", "folds"])
    assert s.metric("decisions_total") > 0
    p = json.loads(s.admin("GET", "/v1/admin/profile", headers=OPS)[1])  # when nothing happens nothing costs anything
    same(sum(r["judged"] for r in p["rules"]), 0)


# ---- traces ----

@test
def a_trace_goes_from_event_to_decision_to_webhook(w):
    r = w.receiver()
    s = w.start("--webhook", r.url)
    send(s, event("Order Placed", "traced", 1, messageId="a"), traceparent=PARENT)
    send(s, event("Order Placed", "plain", 2, messageId="b"))
    wrong = ["00-" + TRACE.upper() + "-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-b7ad6b7169203331-01", PARENT + "-more", PARENT[:-1], "x", PARENT.replace("-", "_"),
             f"00-{TRACE}-b7ad6b7169203331-0g"]
    for i, header in enumerate(wrong):
        send(s, event("Order Placed", f"wrong{i}", 3, messageId=f"w{i}"), traceparent=header)
    send(s, event("Order Placed", "later version", 4, messageId="v"), traceparent=f"01-{TRACE}-b7ad6b7169203331-01-what-else")
    send(s, event("Cart Updated", "timer", 5, messageId="t"), traceparent=PARENT)
    ce = {"ce-id": "c1", "ce-source": "/t", "ce-type": "order_placed", "ce-subject": "binary", "ce-specversion": "1.0", "content-type": "application/json"}
    other = PARENT.replace("0af7", "1bf7")
    same(s.ask("POST", "/ce", {"n": 1}, {**ce, "ce-traceparent": other, "traceparent": PARENT})[0], 200)
    structured = [{"specversion": "1.0", "id": f"s{i}", "source": "/t", "type": "order_placed", "subject": f"structured{i}", "data": {"n": 1}} for i in range(3)]
    structured[0]["traceparent"], structured[1]["traceparent"] = other, "nonsense"
    same(s.ask("POST", "/ce", structured, {"content-type": "application/cloudevents-batch+json", "traceparent": PARENT})[0], 200)
    status, body, _ = s.ask("POST", "/v1/decide", {"userId": "asks", "slot": "web.hero"}, {"traceparent": PARENT})
    same((status, json.loads(body)["decisions"][0]["traceparent"]), (200, PARENT))

    def traces():
        out = {}
        for d in w.decisions():
            out.setdefault(d["visitor"], set()).add(d.get("traceparent"))
        return out
    assert until(lambda: "timer" in traces())
    wanted = {"traced": {PARENT}, "plain": {None}, "later version": {PARENT}, "timer": {None}, "binary": {other}, "structured0": {other}, "structured1": {PARENT}, "structured2": {PARENT}, "asks": {PARENT}}
    wanted.update({f"wrong{i}": {None} for i in range(len(wrong))})
    same(traces(), wanted)
    assert all(list(d)[-1] == "traceparent" for d in w.decisions() if "traceparent" in d)
    assert until(lambda: len(r.got) == len(w.decisions()))
    for headers, body, _, _ in r.got:
        d = json.loads(body)
        if "traceparent" not in d:
            same(headers.get("traceparent"), None)
            continue
        trace, parent = d["traceparent"].split("-")[1:3]
        same(headers["traceparent"], f"00-{trace}-{d['id'][:16]}-01")
        assert d["id"][:16] != parent


@test
def a_trace_outlives_the_process(w):
    r = w.receiver(lambda request: None)
    s = w.start("--webhook", r.url)
    send(s, event("Order Placed", "traced", 1, messageId="a"), traceparent=PARENT)
    s.kill()
    r.answer = lambda request: 200
    w.start("--webhook", r.url)
    assert until(lambda: len(r.taken()) >= 2)
    same({d["traceparent"] for d in r.taken()}, {PARENT})
    same({h["traceparent"].split("-")[1] for h, _, status, _ in r.got if status == 200}, {TRACE})


# ---- the log ----

SECRETS = ["sentinel-write-key", "operators-only", "sentinel-visitor", "sentinel-value", "sentinel-path", "sentinel-query", "sentinel-secret"]


def lines_of(said):
    out = []
    for line in said.splitlines():
        each = json.loads(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each["time"]), line
        assert each["level"] in ("info", "warning", "error") and re.fullmatch(r"[a-z_]+", each["event"]) and each["message"], line
        out.append(each)
    return out


@test
def lines_are_json_and_tell_nobodys_secrets(w):
    refuse = {"with": 500}
    r = w.receiver(lambda request: refuse["with"])
    s = w.start("--write-key", "sentinel-write-key", "--log-format", "json", "--log-requests", "--webhook", r.url + "/sentinel-path?token=sentinel-query", "--webhook-attempts", "1000")
    key = {"authorization": "Bearer sentinel-write-key"}

    def sent(*records, status=200, headers=key, path="/v1/batch"):
        same(s.ask("POST", path, {"batch": list(records)}, headers)[0], status)
    for n in range(6):
        sent(event("Order Placed", f"sentinel-visitor-{n}", n, messageId=f"m{n}", traits={"plan": "sentinel-value"}), headers={**key, "traceparent": PARENT})
    sent(event("sentinel-value", "sentinel-visitor"))                          # refused, and told to who sent it
    sent(event("Order Placed", "sentinel-visitor"), status=401, headers={})
    sent(status=404, path="/sentinel-path?writeKey=sentinel-write-key")
    same(s.ask("POST", "/v1/decide", {"userId": "sentinel-visitor", "context": {"plan": "sentinel-value"}, "slot": "web.hero"}, key)[0], 200)
    same(s.ask("POST", "/v1/events?writeKey=sentinel-write-key&source=sentinel-query", "{}")[0], 400)
    same(s.ask("GET", "/v1/decisions/stream?visitor=sentinel-visitor")[0], 401)
    assert until(lambda: w.figure("webhook_down", sink=f"127.0.0.1:{r.port}") == 1, 30)
    refuse["with"] = 200
    assert until(lambda: w.figure("webhook_down", sink=f"127.0.0.1:{r.port}") == 0, 60)
    assert until(lambda: w.figure("webhook_behind", sink=f"127.0.0.1:{r.port}") == 0, 60)
    refuse["with"] = 400
    sent(event("Order Placed", "sentinel-visitor-x", 1, messageId="x"), headers={**key, "traceparent": PARENT})
    assert until(lambda: w.figure("webhook_letters_total", sink=f"127.0.0.1:{r.port}") >= 1)
    write_pack(w.pack, CATALOG, RULES.replace("order_placed", "odrer_placed"))
    same(s.admin("POST", "/v1/admin/pack", headers=OPS)[0], 422)
    write_pack(w.pack, CATALOG, RULES.replace("rule seldom", "rule rare"))
    same(s.admin("POST", "/v1/admin/pack", headers=OPS)[0], 200)
    same(s.admin("POST", "/v1/admin/backup", json.dumps({"folder": w.folder + "/backup"}), OPS)[0], 200)
    same(s.admin("POST", "/v1/admin/backup", json.dumps({"folder": w.folder + "/backup"}), OPS)[0], 500)
    code, said = s.stop()
    same(code, 0)
    for secret in SECRETS:
        assert secret not in said, f"{secret} was said: {said}"
    lines = lines_of(said)
    events = [each["event"] for each in lines]
    for name in ("sink_opened", "started", "request", "sink_down", "sink_up", "dead_letter", "pack_diagnostics", "pack_refused", "pack_replaced", "backup_made", "backup_failed", "stopping", "stopped"):
        assert name in events, (name, events)
    same((events[0], events[-2:]), ("sink_opened", ["stopping", "stopped"]))
    requests = [each for each in lines if each["event"] == "request"]
    traced = [each for each in requests if each["trace_id"] == TRACE]
    same((len(traced), {(each["method"], each["route"], each["status"]) for each in traced}), (7, {("POST", "records", 200)}))
    assert all(each["seconds"] >= 0 and each["bytes"] >= 0 and each["answer_bytes"] > 0 for each in requests)
    same({each["route"] for each in requests}, {"records", "decide", "admin", "other"})
    letters = [each for each in lines if each["event"] == "dead_letter"]
    same({(each["status"], each["trace_id"], each["sink"]) for each in letters}, {(400, TRACE, f"127.0.0.1:{r.port}")})
    diagnostics = next(each for each in lines if each["event"] == "pack_diagnostics" and each["errors"] > 0)
    assert "odrer_placed" in json.dumps(diagnostics["diagnostics"])


@test
def a_flood_is_counted(w):
    r = w.receiver(lambda request: 400)
    s = w.start("--log-format", "json", "--webhook", r.url)
    send(s, *(event("Order Placed", f"u{n}", n, messageId=f"m{n}") for n in range(150)))
    assert until(lambda: w.figure("webhook_letters_total", sink=f"127.0.0.1:{r.port}") == 300, 60)
    lines = lines_of(s.stop()[1])
    said = [each for each in lines if each["event"] == "dead_letter"]
    out = sum(each["lines"] for each in lines if each["event"] == "left_out" and each["of"] == "dead_letter")
    same(len(said) + out, 300)
    assert out > 0


@test
def what_prevents_a_start_is_a_line(w):
    for flags, words in (((), "listen"), (("--write-key", ""), "key is empty"), (("--webhook", "nonsense"), "no URL")):
        done = subprocess.run([POLKU, "serve", w.pack, "--data", w.data, "--listen", "127.0.0.1:x" if not flags else "127.0.0.1:0", "--log-format", "json", *flags], capture_output=True, text=True, timeout=60)
        lines = lines_of(done.stderr)
        same((done.returncode, len(lines), lines[0]["event"], lines[0]["level"]), (2, 1, "failed_to_start", "error"))
        assert words in lines[0]["message"] or "address" in lines[0]["message"], lines
    config = os.path.join(w.folder, "config.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("log-format: json\nno-such-option: 1\n")
    done = subprocess.run([POLKU, "serve", w.pack, "--config", config], capture_output=True, text=True, timeout=60)
    same((done.returncode, lines_of(done.stderr)[0]["event"]), (2, "failed_to_start"))
    text = subprocess.run([POLKU, "serve", w.pack, "--listen", "nowhere"], capture_output=True, text=True, timeout=60)
    assert text.stderr.startswith("polku: "), text.stderr


# ---- ready or not ----

def ready(port):
    """(status of /healthz, status of /readyz, what that says); None: nobody listens."""
    try:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        c.request("GET", "/healthz")
        r = c.getresponse()
        r.read()
        c.request("GET", "/readyz")
        q = c.getresponse()
        return r.status, q.status, q.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        c.close()


@test
def it_is_not_ready_before_the_log_was_read(w):
    s = w.start()
    for i in range(40):
        send(s, *(event("Order Placed", f"u{n}", n, messageId=f"{i}.{n}") for n in range(1000)))
    s.kill()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    seen, over = [], threading.Event()

    def look():
        while not over.is_set():
            if (now := ready(port)) is not None:
                seen.append(now)
            time.sleep(0.002)
    looks = threading.Thread(target=look)
    looks.start()
    try:
        w.start(port=port)
        assert until(lambda: seen and seen[-1][1] == 200)
    finally:
        over.set()
        looks.join()
    same({health for health, _, _ in seen}, {200})
    states = [status for _, status, _ in seen]
    assert states[0] == 503 and "starting" in seen[0][2], seen[:3]
    same(states, sorted(states, reverse=True))


@test
def it_is_not_ready_while_the_disk_is_full(w):
    disk = Disk(w)
    s = w.start("--log-format", "json", env=DISK)
    send(s, event("Order Placed", "u1", 1, messageId="a"))
    same(ready(s.port)[:2], (200, 200))
    disk.begin(disk.full)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(s.ask, "POST", "/v1/batch", {"batch": [event("Order Placed", "u2", 2, messageId="b")]})
        assert until(lambda: ready(s.port)[1] == 503)
        assert until(lambda: w.figure("commits_failed_total") > 0)
        assert w.figure("uncommitted_bytes") > 0
        same(ready(s.port)[0], 200)
        assert "room" in ready(s.port)[2]
        disk.end(disk.full)
        assert until(lambda: ready(s.port)[1] == 200, 40)
        assert waits.result()[0] in (200, 503)  # it may have waited for too long
    same(w.figure("uncommitted_bytes"), 0)
    assert until(lambda: acted(w.decisions())["each_order"] == 2)
    code, said = s.stop()
    same((code, [each["event"] for each in lines_of(said)]), (0, ["started", "disk_refused", "disk_fine", "stopping", "stopped"]))


@test
def it_is_not_ready_while_it_stops(w):
    disk = Disk(w)
    s = w.start("--log-format", "json", env=DISK)
    send(s, event("Order Placed", "u1", 1, messageId="a"))
    c = s.connect()
    c.request("GET", "/readyz")
    same(c.getresponse().read(), b'{"status":"ready"}')
    disk.begin(disk.hanging)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(s.ask, "POST", "/v1/batch", {"batch": [event("Order Placed", "u2", 2, messageId="b")]})
        assert until(lambda: w.figure("requests_pending") > 1)  # that one beside this
        s.process.terminate()
        assert until(lambda: ready(s.port) is None)             # nobody new is let in
        c.request("GET", "/readyz")
        answer = c.getresponse()
        same((answer.status, "stopping" in answer.read().decode()), (503, True))
        disk.end(disk.hanging)
        same(waits.result()[0], 200)                            # what was asked is answered
    c.close()
    events = [each["event"] for each in lines_of(s.said + s.process.stderr.read())]
    same((s.process.wait(60), events), (0, ["started", "stopping", "stopped"]))


def main():
    wanted = sys.argv[1:]
    root = tempfile.mkdtemp(prefix="polku-watch-")
    passed = failed = 0
    for t in TESTS:
        if wanted and not any(name in t.__name__ for name in wanted):
            continue
        w = World(root, t.__name__)
        try:
            t(w)
            passed += 1
        except Exception as e:  # the next one is tried all the same
            failed += 1
            line = e.__traceback__.tb_next.tb_lineno if e.__traceback__.tb_next else 0
            print(f"watch: {t.__name__}, line {line}: {type(e).__name__}: {e}", flush=True)
        finally:
            w.close()
    shutil.rmtree(root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
