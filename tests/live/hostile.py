#!/usr/bin/env python3
"""Thousands of requests that nobody means well, from many clients at once: the service goes on serving, keeps no memory and no descriptors of theirs, and every
refusal is counted: the client counts what it was told, and `/metrics` must say the same. Then clients that say nothing, half of something, or never listen.

usage: tests/live/hostile.py [--requests 10000] [--seed 1] [--clients 8] [--memory 1500]
--memory: MB that the process may take at most. The last line is `N passed, M failed`; exit code 0: all passed, 1: not, 2: it could not be tried.
"""
import argparse
import collections
import json
import os
import random
import re
import resource
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import attacks  # noqa: E402
from service import POLKU, Service, write_pack  # noqa: E402

IDLE = 3  # seconds, of the service under test
HANG = 20  # seconds after which an answer counts as none


def connect(port, buffer=None):
    c = socket.socket()
    if buffer:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    c.settimeout(HANG)
    c.connect(("127.0.0.1", port))
    return c


def read_all(c):
    got = bytearray()
    try:
        while piece := c.recv(1 << 16):
            got += piece
    except ConnectionError:
        pass
    return bytes(got)


def talk(port, data):
    """All that the service says to these bytes and the end of the sending."""
    with connect(port) as c:
        reader = []
        thread = threading.Thread(target=lambda: reader.append(read_all(c)))
        thread.start()
        try:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it answered before it had heard all, and hung up
        thread.join()
        if not reader:
            raise AssertionError("there is neither an answer nor an end")
        return reader[0]


def answers(said, head=False):
    """(status, type, body) of each answer in those bytes, every one of which must be whole."""
    out = []
    while said:
        top, found, rest = said.partition(b"\r\n\r\n")
        line, *fields = top.split(b"\r\n")
        if not found or not re.fullmatch(rb"HTTP/1\.[01] [1-5]\d\d [ -~]+", line):
            raise AssertionError(f"this is no answer: {said[:200]!r}")
        fields = {k.lower(): v.strip() for k, _, v in (f.partition(b":") for f in fields)}
        status, kind = int(line.split()[1]), fields.get(b"content-type", b"")
        if fields.get(b"transfer-encoding") == b"chunked":
            return out + [(status, kind, b"")]  # a stream, which ends with the connection
        size = 0 if status == 204 or (head and not out and not rest.startswith(b"{")) else int(fields[b"content-length"])  # what is no request is not known as a HEAD
        if len(rest) < size:
            raise AssertionError(f"an answer is cut off: {said[:200]!r}")
        out.append((status, kind, rest[:size]))
        said = rest[size:]
    return out


class Tally:
    """What clients were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.status, self.rejected = collections.Counter(), collections.Counter()
        self.wrong_decides = self.silent = 0
        self.broken = []

    def add(self, said, data, head=False):
        with self.lock:
            try:
                found = answers(said, head)
            except (AssertionError, KeyError, ValueError) as e:
                return self.broken.append(f"{e}, to {data[:300]!r}")
            self.silent += not found and bool(data)
            for status, kind, body in found:
                self.status[status] += 1
                if status >= 500:
                    self.broken.append(f"{status} {body[:200]!r}, to {data[:300]!r}")
                if kind != b"application/json" or not body:
                    continue
                try:
                    told = json.loads(body.decode("utf-8"))
                except ValueError as e:
                    self.broken.append(f"an answer is no JSON: {e}: {body[:300]!r}, to {data[:300]!r}")
                    continue
                for one in told if isinstance(told, list) else [told]:
                    self.wrong_decides += isinstance(told, list) and "error" in one
                    for reason, of in one.get("rejected", {}).items() if status == 200 else ():
                        self.rejected[reason] += of["count"]


def metrics(service):
    """Numbers by name, and by name and label."""
    text = service.ask("GET", "/metrics")[1]
    return collections.Counter({name: int(value) for name, value in re.findall(r'^polku_(\S+) (-?\d+)$', text, re.M)})


def by_status(numbers):
    return {int(status): n for name, n in numbers.items() for status in re.findall(r'^requests_total\{status="(\d+)"\}', name)}


def attack(rnd, n):
    """(bytes, is it a HEAD)"""
    kind = rnd.random()
    right = {"Authorization": f"Bearer {attacks.KEY}"}
    path, headers, body = attacks.protocol(rnd, n)
    if kind < 0.15:
        return attacks.broken_http(rnd, attacks.mutated(rnd, body)), False
    if kind < 0.25:
        method = rnd.choice(attacks.METHODS)
        return attacks.request(method, rnd.choice(attacks.PATHS + [path, "/metrics", "/readyz", "/v1/decisions/stream?visitor=%ff"]), right, body), method == "HEAD"
    if kind < 0.32:
        return attacks.request("POST", path, {**headers, **rnd.choice(attacks.WRONG)}, body.replace(attacks.KEY.encode(), b"wk_wrong")), False
    if kind < 0.40:  # operators' routes; none of these may be let in, nor change anything
        headers = rnd.choice(attacks.WRONG + [right, {"Authorization": f"Bearer {attacks.ADMIN}", "Origin": "https://evil.example"}, {"Authorization": f"Bearer {attacks.ADMIN}", "Origin": "null"}])
        return attacks.request(rnd.choice(["POST", "GET", "PUT"]), "/v1/admin/" + rnd.choice(["pack", "backup", "letters", "letters/replay"]), headers, attacks.mutated(rnd, b'{"folder": "/nowhere/at/all"}')), False
    if kind < 0.46:  # those with the key, who say it wrongly
        return attacks.request("POST", "/v1/admin/" + rnd.choice(["backup", "letters/replay"]), {"Authorization": f"Bearer {attacks.ADMIN}"}, attacks.mutated(rnd, b'{"folder": "nowhere", "ids": [1]}')), False
    if kind < 0.50:
        path, body = attacks.monster(rnd)
    elif kind < 0.9:
        body = attacks.mutated(rnd, body)
    else:
        body = attacks.squeezed(rnd, body)
    if rnd.random() < 0.1:
        return attacks.request("POST", path, {**headers, **right, "Transfer-Encoding": "chunked"}, length=False) + attacks.chunked(rnd, body), False
    request = attacks.request("POST", path, {**headers, **right}, body)
    return request * rnd.choice([1, 1, 1, 3]), False  # pipelined


class Bystander:
    """Somebody who means well, all the while."""

    def __init__(self, service):
        self.service, self.slowest, self.faults, self.sent, self.stop = service, {"healthz": 0.0, "event": 0.0}, [], 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop:
            n = 10_000_000 + self.sent
            for name, method, path, body in (("healthz", "GET", "/healthz", None), ("event", "POST", "/v1/t", attacks.track(n, userId=f"good{n}"))):
                begin = time.monotonic()
                try:
                    status = self.service.ask(method, path, body, {"Authorization": f"Bearer {attacks.KEY}"})[0]
                except OSError as e:
                    status = e
                self.slowest[name] = max(self.slowest[name], time.monotonic() - begin)
                if status != 200:
                    self.faults.append(f"{name}: {status}")
            self.sent += 1
            time.sleep(0.05)

    def end(self):
        self.stop = True
        self.thread.join()


class Test:
    def __init__(self, service, args, folder):
        self.s, self.args, self.folder, self.passed, self.failed = service, args, folder, 0, 0

    def check(self, what, ok, detail=""):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        print(("ok    " if ok else "FAIL  ") + what + (f"  ({detail})" if detail else ""), flush=True)

    def process(self, key="VmRSS", service=None):
        """MB of memory; descriptors."""
        pid = (service or self.s).process.pid
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            memory = int(re.search(rf"{key}:\s+(\d+)", status.read()).group(1)) // 1024
        return memory, len(os.listdir(f"/proc/{pid}/fd"))

    def closed(self, numbers, why):
        return numbers[f'connections_closed_total{{why="{why}"}}']

    def until(self, so, wait=4 * IDLE + HANG):
        end = time.monotonic() + wait
        while not (done := so()) and time.monotonic() < end:
            time.sleep(0.1)
        return done

    # ---- requests that are answered ----

    def requests(self):
        before, tally, count = metrics(self.s), Tally(), self.args.requests
        numbers = iter(range(count))
        lock = threading.Lock()
        begin = time.monotonic()

        def client():
            while True:
                with lock:
                    i = next(numbers, None)
                if i is None:
                    return
                data, head = attack(random.Random(f"{self.args.seed}:{i}"), i)
                try:
                    tally.add(talk(self.s.port, data), data, head)
                except (OSError, AssertionError) as e:
                    with tally.lock:
                        tally.broken.append(f"{type(e).__name__} {e}, to request {i}: {data[:200]!r}")

        clients = [threading.Thread(target=client) for _ in range(self.args.clients)]
        bystander = Bystander(self.s)
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        bystander.end()
        after = metrics(self.s)
        told = sum(tally.status.values())
        self.check(f"{count} hostile requests: every answer is whole, and JSON where it says so", not tally.broken, f"{told} answers in {time.monotonic() - begin:.0f} s" + "".join("\n      " + b for b in tally.broken[:5]))
        seen = {k: n for k, n in tally.status.items() if k >= 400}
        counted = {k: n - by_status(before).get(k, 0) for k, n in by_status(after).items() if k >= 400}
        self.check("every refusal is counted, by its status", seen == {k: n for k, n in counted.items() if n}, f"{dict(sorted(seen.items()))}" + ("" if seen == counted else f", counted {counted}"))
        kinds = {400, 401, 403, 404, 405, 413, 431} if count >= 1000 else {400, 401, 404}
        self.check("they are refusals of every kind, and none is the service's fault", kinds <= set(seen) and max(seen) < 500, f"{tally.status[200]} were taken")
        rejected = {k: after[f'records_rejected_total{{reason="{k}"}}'] - before[f'records_rejected_total{{reason="{k}"}}'] for k in set(tally.rejected) | set(re.findall(r'reason="(\w+)"', " ".join(after)))}
        rejected = {k: n for k, n in rejected.items() if n}
        self.check("every rejected record is counted, as the answers said", rejected == dict(tally.rejected), f"{sum(rejected.values())} of {len(rejected)} kinds" + ("" if rejected == dict(tally.rejected) else f": {rejected}, told {dict(tally.rejected)}"))
        lists = after["decide_refused_total"] - before["decide_refused_total"]
        self.check("so is every request for a decision that was wrong in a list", lists >= tally.wrong_decides > 0, f"{tally.wrong_decides} in lists, {lists} in all")
        cut = self.closed(after, "gone") - self.closed(before, "gone")
        self.check("who got no answer at all was cut off, and is counted", tally.silent <= cut, f"{tally.silent} without an answer, {cut} counted")
        self.check("nobody got in as an operator", after["packs_total"] == before["packs_total"] and not os.path.exists("/nowhere"))
        self.check("who means well was served all the while", not bystander.faults and max(bystander.slowest.values()) < HANG,
                   f"{bystander.sent} events; slowest: healthz {bystander.slowest['healthz']:.2f} s, an event {bystander.slowest['event']:.2f} s" + "".join("\n      " + f for f in bystander.faults[:5]))
        wanted = {10_000_000 + i for i in range(bystander.sent)}
        self.check("and decided on", self.until(lambda: wanted <= self.decided()), f"{len(wanted)} decisions")

    def decided(self):
        with open(self.s.decisions, encoding="utf-8") as file:
            return {int(n) for n in re.findall(r'"name":"pack","params":\{"n":(\d+)\}', file.read())}

    # ---- clients that are slow, silent or deaf ----

    def count_closed(self, what, why, count, make, while_there=None):
        """So many clients of a kind are all closed, and counted as that."""
        before = metrics(self.s)
        clients = [make() for _ in range(count)]
        if while_there:
            while_there()
        done = self.until(lambda: self.closed(metrics(self.s), why) - self.closed(before, why) >= count)
        after = metrics(self.s)
        for c in clients:
            c.close()
        self.check(f"{count} {what}: closed in time, and counted as `{why}`", done and self.closed(after, why) - self.closed(before, why) == count, f"{self.closed(after, why) - self.closed(before, why)} counted")

    def sends(self, data, buffer=None):
        c = connect(self.s.port, buffer)
        c.settimeout(0.2)
        try:
            c.sendall(data)
        except OSError:
            pass  # it does not listen as long as nobody listens to it
        return c

    def slow(self):
        post = attacks.request("POST", "/v1/batch", {"Authorization": f"Bearer {attacks.KEY}"}, b'{"batch":[]}')
        self.count_closed("clients that say nothing", "idle", 200, lambda: connect(self.s.port), lambda: self.check("healthz meanwhile", self.s.ask("GET", "/healthz")[0] == 200))
        self.count_closed("clients that stop in the middle of a header", "slow", 50, lambda: self.sends(post[:40]))
        self.count_closed("clients that stop in the middle of a body", "slow", 50, lambda: self.sends(post[:-3]))
        dripping = []

        def drip():  # a byte now and then keeps nobody alive
            c = connect(self.s.port)
            dripping.append(c)
            return c

        def drop(c):
            try:
                for byte in post[:-2]:
                    c.send(bytes([byte]))
                    time.sleep(0.1)
            except OSError:
                pass

        def drops():
            threads = [threading.Thread(target=drop, args=(c,)) for c in dripping]
            for t in threads:
                t.start()
            for t in threads:
                t.join()

        self.count_closed("clients that send a byte at a time", "slow", 20, drip, drops)
        ask = attacks.request("GET", "/metrics", {})
        self.count_closed("clients that never read their answers", "unread", 20, lambda: self.sends(ask * 2000, 4096))
        for begin in range(0, 30000, 1000):  # more than the system keeps for a reader
            self.s.ask("POST", "/v1/batch", {"batch": [attacks.track(20_000_000 + begin + i) for i in range(1000)]}, {"Authorization": f"Bearer {attacks.KEY}"})
        stream = {"Authorization": f"Bearer {attacks.KEY}", "Last-Event-ID": "0"}
        self.count_closed("clients that never read their stream", "unread", 20, lambda: self.sends(attacks.request("GET", "/v1/decisions/stream", stream), 4096))

    def hang_up(self):
        rnd = random.Random(self.args.seed)
        before = metrics(self.s)
        for i in range(400):
            data, _ = attack(rnd, i)
            with self.sends(data[: rnd.randrange(len(data) + 1)]) as c:
                if rnd.random() < 0.7:
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as if the cable had been cut
        stream = attacks.request("GET", "/v1/decisions/stream", {"Authorization": f"Bearer {attacks.KEY}"})
        for _ in range(400):
            self.sends(stream).close()
        left = lambda: {k: n for k, n in metrics(self.s).items() if (k, n) == ("connections", 1) or k in ("connections", "stream_readers", "held_bytes") and n}  # noqa: E731
        self.check("800 clients that hang up: nothing of them is left", self.until(lambda: left() == {"connections": 1}), f"{left()}, {self.closed(metrics(self.s), 'gone') - self.closed(before, 'gone')} in the middle of something")

    def many(self):
        stream = attacks.request("GET", "/v1/decisions/stream", {"Authorization": f"Bearer {attacks.KEY}"})
        before = by_status(metrics(self.s)).get(429, 0)
        followers = [self.sends(stream) for _ in range(520)]
        told = sum(c.recv(20).split()[1] == b"429" for c in followers)
        self.check("of 520 streams, 500 are served and the others told to come later", told == 20 and by_status(metrics(self.s))[429] - before == 20, f"{told} were")
        for c in followers:
            c.close()

    def unfinished(self):
        """80 bodies of almost 4 MB each are more than the 256 MB that are kept of all."""
        s = Service(self.s.pack, os.path.join(self.folder, "unfinished"), "--idle", "300", "--shards", "1", "--threads", "1")
        memory = self.process(service=s)[0]
        half = attacks.request("POST", "/v1/batch", {"Content-Length": "4000000"}, b" " * 3900000, length=False)
        clients = [connect(s.port) for _ in range(80)]

        def send(some):
            for c in some:
                c.settimeout(120)
                try:
                    c.sendall(half)
                except OSError:
                    pass  # it was told to come later

        senders = [threading.Thread(target=send, args=(clients[i::8],)) for i in range(8)]
        for t in senders:
            t.start()
        for t in senders:
            t.join()
        told = lambda: by_status(metrics(s)).get(429, 0)  # noqa: E731
        self.check("80 bodies that never end, 312 MB together: those beyond 256 MB are told to come later", self.until(lambda: told() >= 12, 60) and metrics(s)["held_bytes"] <= 256 << 20,
                   f"{told()} were; {memory} MB before, {self.process('VmHWM', s)[0]} at most")
        status = s.ask("POST", "/v1/t", attacks.track(1))[0]
        self.check("a small event is taken meanwhile", status == 200, f"{status}")
        for c in clients:
            c.close()
        code, said = s.stop()
        self.check("and it stops well", code == 0, f"{code} {said.splitlines()[-1:]}")

    def few_descriptors(self):
        """Clients cannot take the descriptors that the tables need."""
        s = Service(self.s.pack, os.path.join(self.folder, "few"), "--idle", str(IDLE), "--shards", "1", "--threads", "1", files=400)
        clients = [connect(s.port) for _ in range(300)]  # 200 are let in, the others wait at the door until those go
        begin = time.monotonic()
        status = [s.ask("POST", "/v1/t", attacks.track(i))[0] for i in range(20)]
        self.check("300 connections where 400 files may be open: who means well waits, and is served", status == [200] * 20, f"after {time.monotonic() - begin:.1f} s")
        for c in clients:
            c.close()
        code, said = s.stop()
        self.check("and it stops well", code == 0, f"{code} {said.splitlines()[-1:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--memory", type=int, default=1500)
    args = parser.parse_args()
    if not os.path.exists(POLKU):
        print(f"hostile: there is no {POLKU}", file=sys.stderr)
        return 2
    folder = tempfile.mkdtemp(prefix="polku-hostile-")
    service = Service(write_pack(os.path.join(folder, "pack")), os.path.join(folder, "data"), "--decisions", os.path.join(folder, "decisions.ndjson"), "--shards", "2", "--threads", "2",
                      "--write-key", attacks.KEY, "--admin-key", attacks.ADMIN, "--idle", str(IDLE))
    service.pack, service.decisions = os.path.join(folder, "pack"), os.path.join(folder, "decisions.ndjson")
    test = Test(service, args, folder)
    for i in range(100):  # what it has opened by then it needs
        service.ask("POST", "/v1/t", attacks.track(40_000_000 + i), {"Authorization": f"Bearer {attacks.KEY}"})
    memory, descriptors = test.process()
    large = [test.unfinished] if args.memory < 2000 else []  # a sanitizer's build takes too long for so much
    for phase in (test.requests, test.slow, test.hang_up, test.many, *large, test.few_descriptors):
        try:
            phase()
        except Exception as e:  # the next one is tried all the same
            test.check(phase.__name__, False, f"{type(e).__name__}: {e}")
    test.until(lambda: metrics(service)["connections"] <= 1)
    (now, left), most = test.process(), test.process("VmHWM")[0]
    test.check("no descriptors are left over", left <= descriptors + 40, f"{descriptors} before, {left} after")
    test.check(f"it never took more than {args.memory} MB", most < args.memory, f"{memory} MB before, {now} after, {most} at most")
    code, said = service.stop()
    test.check("it stops well", code == 0, f"{code} {said.splitlines()[-1:]}")
    if not test.failed:
        shutil.rmtree(folder)
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    sys.exit(main())
