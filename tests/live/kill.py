#!/usr/bin/env python3
"""Kills a service under load at random instants, again and again, and then asks whether anything that was acknowledged is lost or was done twice.

usage: tests/live/kill.py [--rounds 10] [--seed 1] [--keep]
Every order that is acknowledged must be decided on exactly once, and every cart that was left alone for a second; decisions that stand in the file twice have
one id. What was not acknowledged is sent again under the same id. The last line is `N passed, M failed`: a round each, and one for what is there in the end.
"""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import Service, write_pack  # noqa: E402


class Load:
    """Sends orders and carts until told to stop; what is acknowledged is remembered."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.service = None
        self.stopping = False
        self.next = 0
        self.orders, self.carts = set(), set()   # acknowledged
        self.bought = set()                      # carts whose order came with them
        self.faults = []
        self.threads = [threading.Thread(target=self.work, args=(k, random.Random(seed * 100 + k))) for k in range(4)]

    def work(self, k, rnd):
        connection, port = None, None
        while not self.stopping:
            batch, orders, carts = [], [], []
            for _ in range(rnd.randint(1, 20)):
                with self.lock:
                    self.next += 1
                    n = self.next
                if rnd.random() < 0.7:
                    orders.append(n)
                    batch.append({"type": "track", "event": "Order Placed", "userId": f"u{k}-{rnd.randint(0, 50)}", "messageId": f"m{n}", "properties": {"n": n}})
                else:  # a visitor of its own, who never comes back
                    who = {"type": "track", "anonymousId": f"a{n}", "properties": {"n": n}}
                    batch.append({**who, "event": "Cart Updated", "messageId": f"m{n}"})
                    if rnd.random() < 0.3:  # but for these, who buy at once
                        orders.append(n)
                        batch.append({**who, "event": "Order Placed", "messageId": f"o{n}"})
                        self.bought.add(n)
                    else:
                        carts.append(n)
            body = json.dumps({"batch": batch})
            while not self.stopping:  # until it is acknowledged
                service = self.service
                if not service:
                    time.sleep(0.005)
                    continue
                try:
                    if port != service.port:
                        connection, port = service.connect(), service.port
                    connection.request("POST", "/v1/batch", body)
                    response = connection.getresponse()
                    said = response.read().decode()
                    if response.status == 200:
                        if "rejected" in said:
                            self.faults.append(said)
                        with self.lock:
                            self.orders.update(orders)
                            self.carts.update(carts)
                        break
                    if response.status not in (429, 503):
                        self.faults.append(f"{response.status} {said}")
                except OSError:
                    port = None
                    time.sleep(0.005)
                except Exception:  # half an answer
                    port = None


def check(decisions, load):
    """What is wrong with the file of decisions."""
    ids, packed, called = {}, collections.Counter(), collections.Counter()
    lines = 0
    with open(decisions, encoding="utf-8") as file:
        for line in file:
            d = json.loads(line)
            lines += 1
            if ids.setdefault(d["id"], line) != line:
                yield f"two decisions have the id {d['id']}"
                continue
    for line in ids.values():
        d = json.loads(line)
        for action in d["actions"]:
            (packed if action["name"] == "pack" else called)[action["params"]["n"]] += 1
    lost = [n for n in load.orders if packed[n] == 0]
    if lost:
        yield f"{len(lost)} acknowledged orders were never decided on, as {sorted(lost)[:5]}"
    left = [n for n in load.carts if called[n] == 0]
    if left:
        yield f"{len(left)} carts left alone were never decided on, as {sorted(left)[:5]}"
    wrong = [n for n in load.bought if called[n] > 0]
    if wrong:
        yield f"{len(wrong)} carts were taken for left alone whose order had come, as {sorted(wrong)[:5]}"
    twice = [n for n, times in list(packed.items()) + list(called.items()) if times > 1]
    if twice:
        yield f"{len(twice)} were decided on more than once, as {sorted(twice)[:5]}"
    for fault in load.faults[:3]:
        yield f"an answer: {fault}"
    if len(load.orders) < 100 or not load.carts:
        yield f"only {len(load.orders)} orders were acknowledged: nothing is proved"
    print(f"kill: {len(load.orders)} orders and {len(load.carts)} carts acknowledged, {lines} decisions written, {lines - len(ids)} of them again")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    rnd = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="polku-kill-")
    pack, data, decisions = write_pack(os.path.join(folder, "pack")), os.path.join(folder, "data"), os.path.join(folder, "decisions.ndjson")
    load = Load(args.seed)
    failed = 0
    for t in load.threads:
        t.start()
    try:
        for _ in range(args.rounds):
            try:
                service = Service(pack, data, "--decisions", decisions, "--shards", "2", "--awake", str(rnd.choice([20, 1000000])))
            except RuntimeError as e:
                print(e)
                failed += 1
                break
            load.service = service
            time.sleep(rnd.uniform(0.02, 0.8))
            load.service = None
            service.kill()
        service = Service(pack, data, "--decisions", decisions, "--shards", "2")
        load.service = service
        time.sleep(0.3)
        load.stopping = True
        for t in load.threads:
            t.join()
        time.sleep(1.5)  # the last carts are left alone
        code, said = service.stop()
        if code != 0:
            print(f"kill: it stopped with {code}: {said}")
            failed += 1
    finally:
        load.stopping = True
    faults = list(check(decisions, load))
    for fault in faults:
        print(f"kill: {fault}")
    failed += bool(faults)
    if args.keep or faults:
        print(f"kill: kept in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"{args.rounds + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
