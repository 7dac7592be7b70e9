#!/usr/bin/env python3
"""Timers of visitors who sleep: the service is stopped while they run, and started again when half of them are overdue. Each fires once, in the order of their due
times, and nobody else is woken for it.

usage: tests/live/timers.py [--visitors 100000] [--shards 2]
So many visitors leave a cart, and as many again only place an order. The last line is `N passed, M failed`; exit code 0: all passed, 1: not, 2: it could not be tried.
"""
import argparse
import datetime
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import CATALOG, POLKU, Service, write_pack  # noqa: E402

RULES = """\
journey "Shop"
  rule left_cart
    when cart_updated
    then no order_placed for 30 minutes
    do raise task "call" with n = cart_updated.n
end
"""
DELAY = 30 * 60 * 1000
SPREAD = 10_000  # milliseconds over which they are due
AWAKE = 1000


def instant(millis):
    return datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def send(service, records):
    for i in range(0, len(records), 5000):
        while (answer := service.ask("POST", "/v1/events", "\n".join(map(json.dumps, records[i:i + 5000]))))[0] == 429:
            time.sleep(0.1)
        if answer[:2] != (200, '{"success":true}'):
            raise RuntimeError(f"not taken: {answer[:2]}")


def fired(path):
    """(n, at) of every decision, in the order of the file."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [(int(re.search(r'"n":(\d+)', line).group(1)), re.search(r'"at":"([^"]+)"', line).group(1)) for line in file]


def sequences(dues):
    """In how few non-decreasing sequences these stand: one for each shard, if each shard keeps the order."""
    last = []
    for due in dues:
        fits = [i for i, before in enumerate(last) if before <= due]
        if fits:
            last[max(fits, key=lambda i: last[i])] = due
        else:
            last.append(due)
    return len(last)


def memory(service, key):
    with open(f"/proc/{service.process.pid}/status", encoding="utf-8") as status:
        return int(re.search(rf"{key}:\s+(\d+)", status.read()).group(1)) // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=100000)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--memory", type=int, default=64, help="MB that may come on top, beside 10 KB for each who was due (64; sanitizers take more)")
    args = parser.parse_args()
    if not os.path.exists(POLKU):
        print(f"timers: there is no {POLKU}", file=sys.stderr)
        return 2
    passed = failed = 0

    def check(what, ok, detail=""):
        nonlocal passed, failed
        passed, failed = passed + bool(ok), failed + (not ok)
        print(("ok    " if ok else "FAIL  ") + what + (f"  ({detail})" if detail else ""), flush=True)

    folder = tempfile.mkdtemp(prefix="polku-timers-")
    pack = write_pack(os.path.join(folder, "pack"), "lateness: 1 hour\n" + CATALOG, RULES)
    decisions = os.path.join(folder, "decisions.ndjson")

    def start():
        return Service(pack, os.path.join(folder, "data"), "--decisions", decisions, "--shards", str(args.shards), "--awake", str(AWAKE), wait=120)

    rnd, count = random.Random(1), args.visitors
    service = start()
    before = time.time()
    send(service, [{"visitor": f"other{n}", "at": instant(before * 1000), "event": "order_placed", "fields": {"n": n}} for n in range(count)])
    lead = 5 + 2 * (time.time() - before)  # the same again, and the stop
    first = int((time.time() + lead) * 1000)
    due = [first + rnd.randrange(SPREAD) for _ in range(count)]
    send(service, [{"visitor": f"cart{n}", "at": instant(due[n] - DELAY), "event": "cart_updated", "fields": {"n": n}} for n in range(count)])
    code, said = service.stop(wait=120)
    early = len(fired(decisions))
    check(f"{2 * count} visitors, half of them with a timer, are written down", code == 0 and early == 0, f"{said.splitlines()[-1]}; {early} were due before the stop")

    time.sleep(max(0.0, (first + SPREAD / 2) / 1000 - time.time()))
    overdue = sum(d <= time.time() * 1000 for d in due)
    service = start()
    begun = memory(service, "VmHWM")
    until = time.monotonic() + 120 + SPREAD / 1000
    while len(fired(decisions)) < count and time.monotonic() < until:
        time.sleep(0.5)
    after = time.time() * 1000
    all_fired = fired(decisions)
    check("every timer fires, and once", sorted(n for n, _ in all_fired) == list(range(count)), f"{len(all_fired)} decisions, {overdue} of them overdue at the start; the last {max(0.0, (after - max(due)) / 1000):.1f} s after it was due, as it was seen")
    check("in the order of their due times, shard by shard", (found := sequences([due[n] for n, _ in all_fired])) <= args.shards, f"{found} ascending sequences of {args.shards} shards")
    wrong = [n for n, at in all_fired if at != instant(due[n]) and due[n] > first + SPREAD * 0.9]
    check("those that were not overdue at their own time", not wrong, f"{len(wrong)} were not")
    woken, awake = service.metric("visitors_woken_total"), service.metric("visitors_awake")
    check("only those with a timer were woken", woken == count, f"{woken} were")
    most = memory(service, "VmHWM")
    check("memory is bounded by those who were due at once", most - begun < args.memory + count // 100, f"{begun} MB at the start, {most} MB at most; {awake} awake in the end, --awake {AWAKE}")
    code, said = service.stop(wait=120)
    check("it stops well", code == 0, f"{code}: {said.splitlines()[-1]}")
    if not failed:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
