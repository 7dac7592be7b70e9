#!/usr/bin/env python3
"""Kills a service under load at random instants, again and again, and asks whether anything that was acknowledged is lost or was done twice.

usage: tests/live/kill.py [--rounds 8] [--cuts N] [--seed 1] [--no-shim] [--keep]

A round ends with kill -9; in a tenth of them the disk is full for a while, or every fsync takes 20 to 500 ms. Then come N rounds (else a quarter as many) that
end with a power cut: what no finished fsync covered is gone (disk.py), also while the service starts; ten of them to a folder that was new.

Every order that is acknowledged must be decided on exactly once, and every cart that was left alone for a second; what was not acknowledged is sent again under
the same id. The decision file and the receiver of a webhook must have the same decisions, each perhaps more than once, but then with the same id and content.
In the end `polku data verify --replay` must make of the log, from its beginning, what the folder holds.

The last line is `N passed, M failed`: a round each, and one for what is there in the end of each folder. Exit code 0, 1 something failed, 2 it cannot be tried.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
os.environ["no_proxy"] = "*"  # the receiver is on this machine
from disk import SHIM, Disk  # noqa: E402
from service import POLKU, Service, begin, write_pack  # noqa: E402
from webhook import Receiver, until  # noqa: E402

CUTS_OF_A_FOLDER = 10
PATIENCE = 60  # seconds, for what must come about in the end


class Load:
    """Sends orders and carts until told to stop; what is acknowledged is remembered."""

    def __init__(self, seed):
        self.lock = threading.Lock()
        self.service = None
        self.stopping = False
        self.next = 0
        self.orders, self.carts = set(), set()   # acknowledged
        self.bought = set()                      # carts whose order came with them, of one visitor by one name
        self.faults = []
        self.threads = [threading.Thread(target=self.work, args=(k, random.Random(seed * 100 + k)), daemon=True) for k in range(4)]
        for t in self.threads:
            t.start()

    def batch(self, k, rnd):
        records, orders, carts = [], [], []
        for _ in range(rnd.randint(1, 6)):
            with self.lock:
                self.next += 1
                n = self.next
            user = {"type": "track", "userId": f"u{k}-{rnd.randint(0, 50)}", "properties": {"n": n}}
            nobody = {"type": "track", "anonymousId": f"a{n}", "properties": {"n": n}}  # a visitor of its own
            kind = rnd.random()
            if kind < 0.6:
                orders.append(n)
                records.append({**user, "event": "Order Placed", "messageId": f"m{n}"})
                continue
            records.append({**nobody, "event": "Cart Updated", "messageId": f"m{n}"})
            if kind < 0.8:    # who never comes back
                carts.append(n)
            elif kind < 0.9:  # who buys at once
                orders.append(n)
                records.append({**nobody, "event": "Order Placed", "messageId": f"o{n}"})
                self.bought.add(n)
            else:             # who turns out to be somebody else, perhaps of another shard
                orders.append(n)
                records.append({**user, "anonymousId": f"a{n}", "event": "Order Placed", "messageId": f"o{n}"})
        return json.dumps({"batch": records}), orders, carts

    def work(self, k, rnd):
        connection, port = None, None
        while not self.stopping:
            body, orders, carts = self.batch(k, rnd)
            time.sleep(rnd.uniform(0, 0.03))
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
                    time.sleep(0.05)
                except OSError:
                    port = None
                    time.sleep(0.005)
                except Exception:  # half an answer
                    port = None

    def acknowledged(self):
        with self.lock:
            return len(self.orders)

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join()


class World:
    """A folder of a service's data and decisions, a receiver, and the load."""

    def __init__(self, seed, shim=True, ignored="", patience=PATIENCE):
        self.patience = patience
        self.found = ""
        self.random = random.Random(seed)
        self.root = tempfile.mkdtemp(prefix="polku-kill-")
        self.pack = write_pack(os.path.join(self.root, "pack"))
        self.ignored = ignored
        self.lost = 0
        disk = os.path.join(self.root, "disk")
        self.data, self.decisions = os.path.join(disk, "service", "data"), os.path.join(disk, "out", "decisions.ndjson")
        for path in (self.data, self.decisions):
            os.makedirs(os.path.dirname(path))
        self.disk = Disk(disk) if shim else None
        flaws = random.Random(seed)
        self.receiver = Receiver(lambda _: 500 if flaws.random() < 0.01 else 200)
        self.load = Load(seed)

    def flags(self):
        return (self.pack, self.data, "--decisions", self.decisions, "--webhook", self.receiver.url, "--shards", "3", "--awake", str(self.random.choice([20, 1000000])))

    # Each gives what is wrong with it, or nothing.

    def kill(self):
        service = Service(*self.flags())
        self.load.service = service
        time.sleep(self.random.uniform(0.02, 0.8))
        self.load.service = None
        service.kill()

    def slow(self):
        self.disk.fresh()
        self.disk.be(fastest=20, slowest=500)
        service = Service(*self.flags(), env=self.disk.env)
        self.load.service = service
        time.sleep(self.random.uniform(0.5, 2))
        self.load.service = None
        service.kill()

    def full(self):
        """It says that it is full, acknowledges nothing, and goes on by itself; or is killed while it is full."""
        self.disk.fresh()
        service = Service(*self.flags(), env=self.disk.env)
        self.load.service = service
        try:
            for _ in range(self.random.randint(1, 3)):
                time.sleep(self.random.uniform(0.05, 0.3))
                self.disk.be(full=True)
                if not until(lambda: service.ask("GET", "/readyz")[0] == 503, PATIENCE):
                    return "the disk was full, and it said that it was ready"
                if self.random.random() < 0.2:
                    return None
                time.sleep(self.random.uniform(0, 0.5))
                self.disk.be()
                before = self.load.acknowledged()
                if not until(lambda: service.ask("GET", "/readyz")[0] == 200 and self.load.acknowledged() > before, PATIENCE):
                    return f"there is room again, and it does not go on: {service.ask('GET', '/readyz')[1]}"
            return None
        finally:
            self.load.service = None
            service.kill()

    def cut(self):
        """Exactly what an fsync covered is left; or some of the rest as well."""
        self.disk.fresh()
        fastest, slowest = self.random.choice([(0, 0), (1, 10), (10, 60)])
        self.disk.be(fastest=fastest, slowest=slowest, ignored=self.ignored)
        if self.random.random() < 0.3:  # while it starts
            process = begin(*self.flags(), env=self.disk.env)
            time.sleep(self.random.uniform(0.02, 0.3 + slowest / 50))
            process.kill()
            process.wait()
            process.stderr.close()
        else:
            service = Service(*self.flags(), env=self.disk.env)
            self.load.service = service
            time.sleep(self.random.uniform(0.02, 0.8 + slowest / 50))
            self.load.service = None
            service.kill()
        self.lost += self.disk.cut(self.random if self.random.random() < 0.5 else None)

    def end(self):
        """What is wrong in the end."""
        service = Service(*self.flags())
        self.load.service = service
        time.sleep(0.3)
        self.load.stop()
        until(lambda: time.sleep(0.2) or not list(self.missing()), self.patience)  # the last carts are left alone
        code, said = service.stop()
        if code != 0:
            yield f"it stopped with {code}: {said}"
        yield from self.check()
        done = subprocess.run([POLKU, "data", "verify", "--replay", self.data], capture_output=True, text=True)
        if done.returncode != 0:
            yield f"`polku data verify --replay` says, with {done.returncode}: {done.stdout}{done.stderr}"

    def missing(self):
        """What must still come."""
        ids, packed, called = self.read(), collections.Counter(), collections.Counter()
        for line in ids.values():
            for action in json.loads(line)["actions"]:
                (packed if action["name"] == "pack" else called)[action["params"]["n"]] += 1
        taken = {d["id"] for d in self.receiver.taken()}
        for what, which in (("acknowledged orders were never decided on", [n for n in self.load.orders if packed[n] == 0]),
                            ("carts left alone were never decided on", [n for n in self.load.carts if called[n] == 0]),
                            ("decisions of the file never reached the receiver", ids.keys() - taken),
                            ("decisions that the receiver has do not stand in the file", taken - ids.keys())):
            if which:
                yield f"{len(which)} {what}, as {sorted(which)[:5]}"
        self.packed, self.called = packed, called

    def read(self):
        """The decision file, by id."""
        ids = {}
        with open(self.decisions, encoding="utf-8") as file:
            for line in file:
                ids.setdefault(json.loads(line)["id"], line)
        return ids

    def check(self):
        yield from self.missing()
        ids, load = self.read(), self.load
        with open(self.decisions, encoding="utf-8") as file:
            lines = file.read().splitlines()
        bodies = [body.decode() for _, body, status, _ in self.receiver.got if status == 200]
        for where, each in (("file", lines), ("receiver", bodies)):
            other = {d["id"] for d in map(json.loads, each) if json.loads(ids.get(d["id"], "null")) not in (None, d)}
            if other:
                yield f"the {where} has two decisions of one id, as {sorted(other)[:5]}"
        wrong = [n for n in load.bought if self.called[n] > 0]
        if wrong:
            yield f"{len(wrong)} carts were taken for left alone whose order had come, as {sorted(wrong)[:5]}"
        twice = [n for n, times in list(self.packed.items()) + list(self.called.items()) if times > 1]
        if twice:
            yield f"{len(twice)} were decided on more than once, as {sorted(twice)[:5]}"
        for fault in load.faults[:3]:
            yield f"an answer: {fault}"
        if not load.orders or not load.carts:
            yield f"{len(load.orders)} orders and {len(load.carts)} carts were acknowledged: nothing is proved"
        self.found = (f"{len(load.orders)} orders and {len(load.carts)} carts acknowledged; {len(ids)} decisions, {len(lines) - len(ids)} of them again in the file and "
                      f"{len(bodies) - len(ids)} at the receiver" + (f"; the cuts threw away {self.lost:,} bytes and names" if self.lost else ""))

    def close(self, keep):
        self.load.stop()
        self.receiver.close()
        if keep:
            print(f"kill: kept in {self.root}")
        else:
            shutil.rmtree(self.root)


def go(world, rounds):
    """All rounds, each by its name, and the end. What is wrong with the first of them with which anything is: what comes of what is broken proves nothing."""
    for n, name in enumerate([*rounds, "end"], 1):
        try:
            wrong = list(world.end()) if name == "end" else [w for w in [getattr(world, name)()] if w]
        except RuntimeError as e:
            wrong = [str(e)]
        if wrong:
            return n, [f"round {n}, {name}: {each}" for each in wrong]
    return len(rounds) + 1, []


def told(world, rounds, keep):
    """As go(), said; how many did not pass."""
    n, wrong = len(rounds) + 1, []
    try:
        n, wrong = go(world, rounds)
    finally:
        for line in wrong + [world.found] * bool(world.found):
            print(f"kill: {line}", flush=True)
        world.close(keep or wrong)
    return len(rounds) + 2 - n if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--cuts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-shim", action="store_true", help="no disk but this machine's: neither full, slow nor cut off; for a service that nothing can be loaded before")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    cuts = 0 if args.no_shim else max(args.rounds // 4, 3) if args.cuts is None else args.cuts
    if not args.no_shim and not os.path.exists(SHIM):
        print(f"kill: there is no {SHIM}: build the tests, or say where it is (POLKU_SHIM)")
        return 2
    rounds = ["kill"] * args.rounds
    if not args.no_shim:
        for n in range(min(max(args.rounds // 10, 2), args.rounds)):
            rounds[n] = ("full", "slow")[n % 2]
    random.Random(args.seed).shuffle(rounds)
    failed = told(World(args.seed, not args.no_shim), rounds, args.keep) if rounds else 0
    parts = [["cut"] * min(CUTS_OF_A_FOLDER, cuts - n) for n in range(0, cuts, CUTS_OF_A_FOLDER)]
    for n, part in enumerate(parts, 1):
        failed += told(World(args.seed + n), part, args.keep)
    print(f"{len(rounds) + bool(rounds) + cuts + len(parts) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
