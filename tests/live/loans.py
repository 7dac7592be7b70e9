#!/usr/bin/env python3
"""A real log, sent over HTTP in the batches of real clients, leads to the decisions of `polku run` on that log: the same bytes.

usage: tests/live/loans.py [--log FILE.csv.xz|FILE.csv]
Without --log: the invented events that stand beside the pack. The service has `--clock log`, where a visitor's time passes by the visitor's own records alone; so whoever
has been sent gets a last one, which changes nothing, at the log's end, up to which `polku run` lets all time pass. A decision of the service also names its `pack`, which is
taken out. Lines are compared in the order (at, visitor), as `polku run` writes them; of one visitor, in the order of the service's own file. Ids of decisions rest on those
of records: Segment's have a `messageId`, which rows of the log have not, so there the ids are left out.
The last line is `N passed, M failed`; exit code 0: all passed, 1: not, 2: the log is not there.
"""
import argparse
import csv
import datetime
import gzip
import http.client
import io
import json
import lzma
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import POLKU, ROOT, Service  # noqa: E402

PACK = os.path.join(ROOT, "rules/loans")
CLIENTS = 4
MOST = 480 << 10  # bytes of a batch, as Segment's clients keep to


def pack(folder):
    """The pack, with sources of the same rows as Segment's clients and as lines of JSON send them."""
    shutil.copytree(PACK, folder)
    path = os.path.join(folder, "catalog.yaml")
    with open(path, encoding="utf-8") as file:
        catalog = file.read()
    events, values = re.search(r"(    events:\n(?:      .*\n)+)", catalog.split("\nsources:")[1]).group(1), re.search(r"    values: .*\n", catalog).group(0)
    catalog = catalog.rstrip("\n") + f"""
  site:
    format:  segment
{events}    fields:     {{ "*.step": properties.lifecycle, "*.staff": properties.resource }}
{values}    attributes: {{ loan.amount: properties.amount_req }}
  bulk:
    format:  ndjson
    visitor: case_id
    time:    timestamp
    event:   activity
{events}    fields:     {{ "*.step": lifecycle, "*.staff": resource }}
{values}    attributes: {{ loan.amount: amount_req }}
"""
    with open(path, "w", encoding="utf-8") as file:
        file.write(catalog)
    return folder


def track(n, row):
    """As analytics-node sends it."""
    at = datetime.datetime.fromisoformat(row["timestamp"]).astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    properties = {"lifecycle": row["lifecycle"], "amount_req": row["amount_req"], **({"resource": row["resource"]} if row["resource"] else {})}
    return {"type": "track", "event": row["activity"], "userId": row["case_id"], "messageId": f"node-next-{n}", "timestamp": at, "properties": properties,
            "context": {"library": {"name": "@segment/analytics-node", "version": "3.1.0"}}, "_metadata": {"nodeVersion": "20"}, "integrations": {}}


def line(_, row):
    return {k: v for k, v in row.items() if v and k != "reg_date"}


class Sender(threading.Thread):
    """One client: batches of all sizes, each acknowledged before the next."""

    def __init__(self, port, records, form, seed):
        super().__init__()
        self.port, self.records, self.form, self.random, self.batches, self.fault = port, records, form, random.Random(seed), 0, None

    def run(self):
        try:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            batch, size, most = [], 0, 15
            for record in self.records:
                batch.append(record)
                size += len(record) + 1
                if len(batch) == most or size > MOST - 2000:
                    self.send(c, batch)
                    batch, size, most = [], 0, self.random.choice([15, 100, 400, 5000])  # 15 is how many analytics-node sends by itself
            if batch:
                self.send(c, batch)
            c.close()
        except Exception as e:
            self.fault = f"{type(e).__name__}: {e}"

    def send(self, c, batch):
        packed = self.random.random() < 0.5
        path, body = ("/v1/batch", b'{"batch":[' + b",".join(batch) + b'],"sentAt":"2026-11-23T10:00:00.000Z"}') if self.form == "segment" else ("/v1/events?source=bulk", b"\n".join(batch))
        while True:
            c.request("POST", path, gzip.compress(body, 1) if packed else body, {"content-type": "application/json", **({"content-encoding": "gzip"} if packed else {})})
            r = c.getresponse()
            said = r.read()
            if r.status == 429:
                time.sleep(0.1)
                continue
            if (r.status, said) != (200, b'{"success":true}'):
                raise AssertionError(f"{r.status} {said[:300]!r}")
            self.batches += 1
            return


def ordered(lines, with_ids):
    out = []
    for text in lines:
        text = re.sub(r',"pack":"\w+"\}$', "}", text)
        one = json.loads(text)
        if not with_ids:
            text = text.replace(f'"id":"{one["id"]}",', "", 1)
        out.append(((one["at"], one["visitor"]), text))
    return [text for _, text in sorted(out, key=lambda each: each[0])]


def streamed(service, count):
    """So many decisions from the stream, from its beginning."""
    c = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    c.request("GET", "/v1/decisions/stream", headers={"Last-Event-ID": "0"})
    r = c.getresponse()
    out = []
    while len(out) < count:
        text = r.readline().decode()
        if not text:
            break
        if text.startswith("data: "):
            out.append(text[6:].rstrip("\n"))
    c.close()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", default=os.path.join(PACK, "events.csv"))
    args = parser.parse_args()
    if not os.path.exists(args.log):
        print(f"loans: there is no {args.log}", file=sys.stderr)
        return 2
    passed = failed = 0

    def check(what, ok, detail=""):
        nonlocal passed, failed
        passed, failed = passed + bool(ok), failed + (not ok)
        print(("ok    " if ok else "FAIL  ") + what + (f"  ({detail})" if detail else ""), flush=True)

    folder = tempfile.mkdtemp(prefix="polku-loans-")
    with (lzma.open if args.log.endswith(".xz") else open)(args.log, "rt", encoding="utf-8", newline="") as file:
        text = file.read()
    log = os.path.join(folder, "log.csv")
    with open(log, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    out = os.path.join(folder, "run.ndjson")
    subprocess.run([POLKU, "run", PACK, "--events", log, "--source", "loans", "--out", out, "--no-cache"], check=True, stderr=subprocess.DEVNULL)
    with open(out, encoding="utf-8") as file:
        wanted = file.read().splitlines()
    rows = list(csv.DictReader(io.StringIO(text)))
    end = max(datetime.datetime.fromisoformat(row["timestamp"]) for row in rows).astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    visitors = list(dict.fromkeys(row["case_id"] for row in rows))
    served = pack(os.path.join(folder, "pack"))
    for form, shards in (("segment", 3), ("lines", 2)):
        begin = time.monotonic()
        decisions = os.path.join(folder, f"{form}{shards}.ndjson")
        service = Service(served, os.path.join(folder, f"{form}{shards}"), "--clock", "log", "--shards", str(shards), "--decisions", decisions)
        of = [[] for _ in range(CLIENTS)]  # a client sends all of a visitor, or nobody could say what was first
        for n, row in enumerate(rows):
            of[zlib.crc32(row["case_id"].encode()) % CLIENTS].append(json.dumps((track if form == "segment" else line)(n, row)).encode())
        senders = [Sender(service.port, records, form, n) for n, records in enumerate(of)]
        for s in senders:
            s.start()
        for s in senders:
            s.join()
        faults = [s.fault for s in senders if s.fault]
        check(f"{form}, {shards} shards: {len(rows)} records in {sum(s.batches for s in senders)} batches are acknowledged", not faults, " ".join(faults) or f"{time.monotonic() - begin:.0f} s")
        last = [{"visitor": v, "at": end, "event": "visitor updated", "fields": {"loan.amount": amount}} for v, amount in {row["case_id"]: row["amount_req"] for row in rows}.items()]
        status, said, _ = service.ask("POST", "/v1/events", "\n".join(map(json.dumps, last)))
        check(f"the time of {len(visitors)} visitors passes to the log's end", (status, said) == (200, '{"success":true}'), said[:200])
        made = service.metric("decisions_total")
        stream = streamed(service, made)
        code, said = service.stop()
        check("it stops well", code == 0, said.splitlines()[-1])
        with open(decisions, encoding="utf-8") as file:
            found = file.read().splitlines()
        ids = form != "segment"
        same = ordered(found, ids) == ordered(wanted, ids)
        difference = next((f"{a[:300]} where {b[:300]} is wanted" for a, b in zip(ordered(found, ids), ordered(wanted, ids)) if a != b), "")
        check(f"they lead to the decisions of `polku run`{'' if ids else ', but for ids'}", same and len(found) > 0, f"{len(found)} of {len(wanted)} {difference}")
        check("the stream says what the file says, line by line", stream == found, f"{len(stream)}")
        verified = subprocess.run([POLKU, "data", "verify", os.path.join(folder, f"{form}{shards}")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check("the folder is sound", verified.returncode == 0, verified.stdout.strip().splitlines()[-1] if verified.returncode else "")
    if not failed:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
