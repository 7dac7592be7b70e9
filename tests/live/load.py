#!/usr/bin/env python3
"""The service under load: the matching workload as a pack of 1,000 rules, events in batches of 64 and requests for decisions at rates fixed beforehand.

usage: tests/live/load.py [--seconds 5] [--accept] [--data DIR] [--json FILE]
by hand: tests/live/load.py --accept --seconds 600

  sustained  50,000 events/s and 2,000 decisions/s for so many seconds, while visitors are written down and tables compacted
  overload   twice the capacity, which is what was reached above (or is found out, if that was not the limit): 429 with Retry-After, bounded memory,
             and afterwards everything as before; then the service is killed, and the log must hold all that was acknowledged
  touch      ten times more visitors than --awake: decisions on any of them, most of whom sleep

With --accept the speeds count as well; without, only what holds on any machine does, at rates that any machine can do. The load comes from the same
machine (polku_load), so its own share of the processor is named. The last line is `N passed, M failed`.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import POLKU, ROOT, Service  # noqa: E402

LOAD = os.environ.get("POLKU_LOAD", os.path.join(os.path.dirname(POLKU), "polku_load"))


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, holds, what):
        self.passed += bool(holds)
        self.failed += not holds
        print(f"load: {'ok    ' if holds else 'FAILED'} {what}", flush=True)


class Probe(threading.Thread):
    """Looks at the service and the disk while a phase runs: its memory, what it takes of the processor, and how long an fdatasync of 16 KB takes beside it."""

    def __init__(self, pid, folder):
        super().__init__(daemon=True)
        self.pid, self.path, self.over = pid, os.path.join(folder, "probe"), threading.Event()
        self.memory, self.syncs = [], []
        self.cpu = self.ticks()
        self.begun = time.monotonic()
        self.start()

    def ticks(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self):
        block = os.urandom(16 << 10)
        with open(self.path, "wb") as file:
            while not self.over.wait(0.1):
                self.memory.append(memory(self.pid))
                file.seek(0)
                begin = time.monotonic()
                file.write(block)
                file.flush()
                os.fdatasync(file.fileno())
                self.syncs.append(1000 * (time.monotonic() - begin))

    def end(self):
        self.over.set()
        self.join()
        os.remove(self.path)
        self.cores = (self.ticks() - self.cpu) / (time.monotonic() - self.begun)
        return self


def memory(pid):
    """Megabytes that the process holds."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def p99(values):
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))] if values else 0.0


class Run:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.pack = os.path.join(folder, "pack")
        self.checks, self.rows, self.figures = Checks(), [], {}
        self.seed, self.service = 0, None
        subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tests/bench/w1_pack.py"), self.pack], check=True, stdout=subprocess.DEVNULL)

    def start(self, name, *flags):
        self.data = os.path.join(self.folder, name)
        self.service = Service(self.pack, self.data, *flags, wait=600)
        return self.service

    def load(self, service, **options):
        """What polku_load found; every call sends ids of its own."""
        self.seed += 1
        out = os.path.join(self.folder, "load.json")
        flags = [x for name, value in options.items() for x in ("--" + name.replace("_", "-"), str(value))]
        subprocess.run([LOAD, "--port", str(service.port), "--seed", str(self.seed), "--json", out, *flags], check=True, stdout=subprocess.DEVNULL)
        with open(out) as file:
            return json.load(file)

    def identify(self, service, visitors, rate):
        """Says of everybody what is known of them, and waits until it is."""
        got = self.load(service, what="identify", decides=0, events=rate, visitors=visitors, seconds=visitors / rate + 64 / rate, drain=120)
        self.checks.that(set(got["events"]["statuses"]) == {"200"} and got["events"]["unanswered"] == 0, f"{visitors:,} visitors are known")
        return got["events"]["records_acknowledged"]

    def row(self, what, value):
        self.rows.append((what, value))

    def told(self, phase, got, probe=None):
        e, d = got.get("events"), got.get("decide")
        if e:
            self.row(f"{phase}: events/s, of {e['wanted_per_s']:,.0f}", f"{e['achieved_per_s']:,.0f}")
            self.row(f"{phase}: batch, p50 / p99 / p99.9 / max ms", " / ".join(f"{x:,.1f}" for x in e["ms"].values()))
        if d:
            self.row(f"{phase}: decisions/s, of {d['wanted_per_s']:,.0f}", f"{d['achieved_per_s']:,.0f}")
            self.row(f"{phase}: decision, p50 / p99 / p99.9 / max ms", " / ".join(f"{x:,.1f}" for x in d["ms"].values()))
        if probe:
            self.row(f"{phase}: cores of the service, of the generator", f"{probe.cores:.2f}, {got['cpu']:.2f}")
            self.row(f"{phase}: memory at most, MB", f"{max(probe.memory):,.0f}")
            self.row(f"{phase}: fdatasync beside it, p50 / p99 ms", f"{sorted(probe.syncs)[len(probe.syncs) // 2]:.2f} / {p99(probe.syncs):.2f}")
        self.figures[phase] = {**got, **({"memory_mb": max(probe.memory), "cores": probe.cores, "fdatasync_ms_p99": p99(probe.syncs)} if probe else {})}

    # ---- phases ----

    def sustained(self, service):
        a, c = self.args, self.checks
        known = self.identify(service, a.visitors, min(a.events, 20_000))
        before = {name: service.metric(name) for name in ("written_bytes_total", "stored_bytes_total", "compacted_bytes_total", "records_taken_total", "visitors_saved_total", "log_bytes_total")}
        probe = Probe(service.process.pid, self.folder)
        got = self.load(service, events=a.events, decides=a.decides, visitors=a.visitors, seconds=a.seconds, drain=30)
        probe.end()
        did = {name: service.metric(name) - was for name, was in before.items()}
        self.told("sustained", got, probe)
        records = max(1, did["records_taken_total"])
        amplification = did["written_bytes_total"] / max(1, did["stored_bytes_total"])
        self.row("sustained: write amplification", f"{amplification:.2f}")
        self.row("sustained: bytes a record, of the log / written in all", f"{did['log_bytes_total'] / records:,.0f} / {did['written_bytes_total'] / records:,.0f}")
        self.row("sustained: visitors written down, compacted MB", f"{did['visitors_saved_total']:,}, {did['compacted_bytes_total'] / 1e6:,.0f}")
        self.figures["sustained"].update(write_amplification=amplification, **did)
        acknowledged = got["events"]["records_acknowledged"] + got["decide"]["records_acknowledged"]
        lost = sum(got[kind]["unanswered"] + sum(n for s, n in got[kind]["statuses"].items() if s != "200") for kind in ("events", "decide"))
        c.that(did["records_taken_total"] >= acknowledged and (lost or did["records_taken_total"] == acknowledged), f"of {acknowledged:,} records that were acknowledged {did['records_taken_total']:,} were taken")
        if a.accept:
            c.that(got["events"]["achieved_per_s"] >= 0.999 * a.events and not lost, f"{got['events']['achieved_per_s']:,.0f} of {a.events:,.0f} events/s, durable")
            c.that(got["decide"]["ms"]["p99"] < 5, f"p99 of a decision is {got['decide']['ms']['p99']:.2f} ms, of less than 5")
            c.that(did["visitors_saved_total"] > 0 and did["compacted_bytes_total"] > 0, "visitors were written down and tables compacted meanwhile")
        return known + acknowledged, got["events"]["achieved_per_s"]

    def overload(self, service, acknowledged, capacity):
        a, c = self.args, self.checks
        if a.accept and capacity >= 0.99 * a.events:  # it was not the limit
            got = self.load(service, events=4 * a.events, decides=0, visitors=a.visitors, seconds=10, drain=30)
            capacity = got["events"]["achieved_per_s"]
            acknowledged += got["events"]["records_acknowledged"]
            self.row("capacity: events/s, of those sent as fast as they are taken", f"{capacity:,.0f}")
        rate = 2 * capacity if a.accept else 100_000
        calm = memory(service.process.pid)
        probe = Probe(service.process.pid, self.folder)
        got = self.load(service, events=rate, decides=a.decides, visitors=a.visitors, seconds=a.overload_seconds, drain=30, connections=a.overload_connections)
        probe.end()
        self.told("overload", got, probe)
        events, decide = got["events"], got["decide"]
        refused = events["statuses"].get("429", 0)
        self.row("overload: batches answered 200 / 429", f"{events['statuses'].get('200', 0):,} / {refused:,}")
        self.row("overload: memory before, at half time, at the end, MB", f"{calm:,.0f}, {probe.memory[len(probe.memory) // 2]:,.0f}, {probe.memory[-1]:,.0f}")
        c.that(refused > 0 and events["retry_after"] == refused, f"{refused:,} batches were answered with 429, all of them with Retry-After")
        c.that(set(events["statuses"]) | set(decide["statuses"]) <= {"200", "429", "503"} and events["broken"] + decide["broken"] == 0, f"nothing else but 200, 429 and 503 was answered: {events['statuses']}, {decide['statuses']}")
        # Histories grow with what is taken; what waits must not.
        allowed = calm + 600 + events["records_acknowledged"] / 1000 * 0.5
        c.that(max(probe.memory) < allowed, f"memory stayed bounded: {calm:,.0f} MB before, {max(probe.memory):,.0f} at most, with {events['records_acknowledged']:,} records more")
        time.sleep(2)
        calm_again = self.load(service, events=min(a.events, capacity) / 4, decides=a.decides / 4, visitors=a.visitors, seconds=5, drain=60)
        statuses = {**calm_again["events"]["statuses"], **calm_again["decide"]["statuses"]}
        c.that(set(statuses) == {"200"} and calm_again["events"]["unanswered"] + calm_again["decide"]["unanswered"] == 0, "afterwards everything is answered with 200 again")
        self.told("afterwards", calm_again)
        for part in (got, calm_again):
            acknowledged += part["events"]["records_acknowledged"] + part["decide"]["records_acknowledged"]
        taken = service.metric("records_taken_total")
        c.that(taken >= acknowledged, f"{acknowledged:,} records were acknowledged, {taken:,} were taken")
        service.kill()
        said = subprocess.run([POLKU, "data", "verify", self.data, "--json"], capture_output=True, text=True)
        held = json.loads(said.stdout)["log"]["records"] if said.returncode in (0, 1) else 0
        c.that(held >= acknowledged, f"after a kill the log holds {held:,} records, of {acknowledged:,} acknowledged")
        begin = time.monotonic()
        again = self.start(os.path.basename(self.data))
        self.row("start after the kill, seconds", f"{time.monotonic() - begin:.1f}")
        c.that(again.ask("POST", "/v1/decide", {"userId": "user-000000001", "slots": ["web.hero"]})[0] == 200, "and the service starts on it and decides")
        again.kill()
        shutil.rmtree(self.data)

    def touch(self):
        a, c = self.args, self.checks
        visitors = 10 * a.awake
        service = self.start("touch", "--awake", str(a.awake))
        self.identify(service, visitors, min(a.events, 20_000))
        woken = service.metric("visitors_woken_total")
        probe = Probe(service.process.pid, self.folder)
        got = self.load(service, events=a.touch_events, decides=a.decides, visitors=visitors, seconds=a.touch_seconds, drain=30)
        probe.end()
        self.told("touch", got, probe)
        awake, woken = service.metric("visitors_awake"), service.metric("visitors_woken_total") - woken
        asked = got["decide"]["records_acknowledged"]
        self.row("touch: visitors / awake / woken", f"{visitors:,} / {awake:,} / {woken:,}")
        c.that(awake < 1.5 * a.awake, f"{awake:,} of {visitors:,} visitors are in memory, of {a.awake:,} allowed")
        c.that(woken > 0.5 * asked, f"{woken:,} visitors were woken for {asked:,} decisions")
        c.that(set(got["decide"]["statuses"]) == {"200"} and got["decide"]["unanswered"] == 0, "all decisions were answered with 200")
        code, _ = service.stop(wait=120)
        c.that(code == 0, "and it stops by itself")

    def all(self):
        a = self.args
        begin = [one_sync(self.folder) for _ in range(200)]
        self.row("fdatasync of 16 KB with nothing else, p50 / p99 ms", f"{sorted(begin)[100]:.2f} / {p99(begin):.2f}")
        service = self.start("data", *([] if a.accept else ["--waiting", "2000"]))
        acknowledged, capacity = self.sustained(service)
        self.overload(service, acknowledged, capacity)
        self.touch()


def one_sync(folder):
    path = os.path.join(folder, "probe")
    with open(path, "wb") as file:
        begin = time.monotonic()
        file.write(b"x" * (16 << 10))
        file.flush()
        os.fdatasync(file.fileno())
        return 1000 * (time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="of the sustained load")
    parser.add_argument("--accept", action="store_true", help="judge speeds too")
    parser.add_argument("--events", type=float, help="a second, sustained")
    parser.add_argument("--decides", type=float, help="a second")
    parser.add_argument("--visitors", type=int, help="of the sustained load")
    parser.add_argument("--awake", type=int, help="of the touch phase, which has ten times as many visitors")
    parser.add_argument("--data", help="folder on the disk to be measured; else beside the build")
    parser.add_argument("--json", help="file for all figures")
    args = parser.parse_args()
    full = args.accept
    for name, long, short in (("events", 50_000, 1_000), ("decides", 2_000, 50), ("visitors", 500_000, 2_000), ("awake", 50_000, 300), ("overload_seconds", 60, 4), ("overload_connections", 4_000, 400),
                              ("touch_events", 2_000, 100), ("touch_seconds", 60, 4)):
        if getattr(args, name, None) is None:
            setattr(args, name, long if full else short)
    where = args.data or os.path.dirname(POLKU)
    os.makedirs(where, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="load-", dir=where)
    run = Run(args, folder)
    try:
        run.all()
    finally:
        if run.service and run.service.process.poll() is None:
            run.service.kill()
        print("\n" + "\n".join(f"| {what} | {value} |" for what, value in run.rows), flush=True)
        if args.json:
            with open(args.json, "w") as file:
                json.dump(run.figures, file, indent=1)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{run.checks.passed} passed, {run.checks.failed} failed")
    return 1 if run.checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
