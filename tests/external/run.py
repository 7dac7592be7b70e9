#!/usr/bin/env python3
"""Runs the expression cases of other projects through the polku command: tests/external/README.md.

A case passes if what polku decides is what its suite expects, or if the compiler refuses it where it must. Every other case stands in
skipped.txt with a reason. Exit codes: 0 fine, 1 a case fails or skipped.txt is not up to date, 2 misuse."""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from decimal import ROUND_HALF_EVEN, Decimal

sys.dont_write_bytecode = True
import cases
import words

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "skipped.txt")
UNKNOWN, NOTHING = "not known", "nothing is done"
TYPE_CODES = re.compile(r"PK(21\d\d|1145)")     # the compiler's words about types and units, and about empty lists
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
CATALOG = """\
catalog: external
time zone: UTC
history: 400 days
visitor: {}
channels: { rules: {}, table: {} }
events:
"""


class Misuse(Exception):
    pass


class Broken(Exception):
    """The command did not do its work."""


class Moment(Decimal):
    """An instant in seconds since 1970."""


# ---- the pack ----

def rules(w):
    """The case as rules, one for each branch."""
    text = f'journey "{w.number} rules"\n'
    for i, b in enumerate(w.branches):
        clauses = "".join(f"    {'only' if holds else 'not'} if {c.text}\n" for c, holds in b.guards)
        text += f"  rule r{i}\n    when {w.event}\n{clauses}    do {action(w, i, 'rules')}\n"
    return text + "end\n"


def table(w):
    """The case as a table: one with a choice, or one that is a cell itself; None for others."""
    if w.cell:
        subject, sign, value = w.cell
        heads = [subject.at(words.SUM)]
        rows = [[f"{sign} {value.at(words.SUM)}", send(w, 0, "table", "yes")], ["-", send(w, 0, "table", "no")]]
    elif any(b.guards for b in w.branches):
        asked = []
        for b in w.branches:
            asked += [c for c, _ in b.guards if c not in asked]
        heads = [c.at(words.SUM) for c in asked]
        rows = []
        for i, b in enumerate(w.branches):
            cells = ["-"] * len(asked)
            for c, holds in b.guards:
                cells[asked.index(c)] = "yes" if holds else "no"
            rows.append(cells + [action(w, i, "table")])
    else:
        return None
    lines = [heads + ["do"]] + rows
    body = "".join("      | " + " | ".join(line) + " |\n" for line in lines)
    return f'journey "{w.number} table"\n  rule r\n    when {w.event}\n    do choose\n{body}end\n'


def action(w, i, channel):
    return send(w, i, channel, *(p.text for p in w.branches[i].params))


def send(w, i, channel, *values):
    return f'send "t{w.number}_{i}" by {channel} with ' + ", ".join(f"r{k} = {v}" for k, v in enumerate(values))


def catalog(all_words):
    events, templates = "", "templates:\n"
    for w in all_words:
        for name, fields in [(w.event, w.fields), *((items.event, items.fields) for items in w.lists)]:
            events += f"  {name}: {{ " + ", ".join(f"{f.name}: {f.kind.type}" for f in fields.values()) + " }\n"
        for i, b in enumerate(w.branches):
            params = ", ".join(f"r{k}: {p.type}" for k, p in enumerate(b.params))
            templates += f"  t{w.number}_{i}: {{ by: [rules, table], with: {{ {params} }} }}\n"
    return CATALOG + events + templates


def records(w):
    for items in w.lists:
        for k in range(len(items.elements)):
            yield record(w, items.event, 0, {f.name: f.values[k] for f in items.fields.values()})
    yield record(w, w.event, 1, {f.name: f.values[0] for f in w.fields.values() if f.values[0] is not None})


def record(w, event, second, fields):
    return plain_json({"visitor": f"v{w.number}", "at": f"2026-01-01T00:00:0{second}Z", "event": event, "fields": fields}) + "\n"


def plain_json(v):
    """JSON with decimals as they are written: no floating point."""
    if isinstance(v, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {plain_json(x)}" for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ", ".join(map(plain_json, v)) + "]"
    return format(v, "f") if isinstance(v, Decimal) else json.dumps(v)


def polku(*arguments):
    command = os.environ.get("POLKU") or os.path.join(HERE, "../../build/release/polku")
    if not os.path.exists(command):
        raise Misuse(f"no polku at {command}; set POLKU")
    return subprocess.run([os.path.abspath(command), *arguments], capture_output=True, text=True, timeout=300)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def refused(folder):
    """Takes out the rule files that do not compile. → file → codes"""
    found = collections.defaultdict(set)
    while True:
        done = polku("check", folder, "--format", "json")
        if done.returncode not in (0, 1):
            raise Broken(f"polku check ended with {done.returncode}:\n{done.stderr}")
        if not done.stdout.startswith("{"):
            raise Broken(f"polku check printed no JSON:\n{done.stdout}{done.stderr}")
        errors = [d for d in json.loads(done.stdout)["diagnostics"] if d["severity"] == "error"]
        if not errors:
            return found
        for d in errors:
            name = os.path.basename(d["file"])
            if not name.endswith(".polku"):
                raise Broken(f"{d['file']}:{d['line']}: {d['message']}")
            found[name].add(f"{d['code']} {d['message']}")
        for name in {os.path.basename(d["file"]) for d in errors}:
            os.remove(os.path.join(folder, name))


def run(folder, engine):
    """→ journey → decisions"""
    done = polku("run", folder, "--events", os.path.join(folder, "log.ndjson"), "--all", "--engine", engine)
    if done.returncode:
        raise Broken(f"polku run --engine {engine} ended with {done.returncode}:\n{done.stderr}")
    found = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        d = json.loads(line, parse_float=Decimal)
        found[d["journey"]].append(d)
    return found


# ---- results ----

def result(w, decisions):
    acted = [d for d in decisions if d["outcome"] == "acted"]
    if len(acted) > 1 or any(d["outcome"] not in ("acted", "unknown", "nothing", "no_match") for d in decisions):
        return "several decisions, or one that was held back"
    if not acted:
        return UNKNOWN if any(d["outcome"] == "unknown" for d in decisions) else NOTHING
    act = acted[0]["actions"][0]
    branch = w.branches[int(act["name"].split("_")[1])]
    values = [read(act["params"][f"r{k}"], p.type) for k, p in enumerate(branch.params)]
    kind, *names = branch.shape
    if kind == "value":
        return values[0]
    if kind == "nothing missing":
        return []
    if kind == "missing":
        return [name for name, gone in zip(names[0], values) if gone]
    tree = {}
    for path, v in zip(names[0], values):
        at = tree
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = v
    return tree


def read(v, type):
    """A parameter as the suites have it: instants and lengths of time as seconds."""
    if type in ("date", "time"):
        return instant(v)
    if type == "duration":
        return sum(Decimal(n) * UNIT_SECONDS[u.rstrip("s")] for n, u in re.findall(r"(\d+) (\w+)", v)) * (-1 if v.startswith("-") else 1)
    return v


def instant(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return Moment(int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()))


def equal(got, expected):
    if expected is cases.ERROR:
        return got == UNKNOWN
    if expected is None:
        return got in (UNKNOWN, NOTHING)
    if isinstance(expected, dict):
        return isinstance(got, dict) and got.keys() == expected.keys() and all(equal(v, expected[k]) for k, v in got.items())
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(equal(g, e) for g, e in zip(got, expected))
    if isinstance(got, Moment) and isinstance(expected, str):
        try:
            expected = instant(expected)
        except ValueError:
            return False
    if isinstance(expected, bool) or isinstance(got, bool) or isinstance(expected, str):
        return type(got) is type(expected) and got == expected
    return isinstance(got, (int, Decimal)) and Decimal(got) == Decimal(expected).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


# ---- the whole ----

def judge(suites, show):
    """→ case → None if it passes, "skip: …", or what is wrong"""
    verdict, said = {}, {}
    for number, case in enumerate(suites):
        try:
            said[case] = words.Words(case, number).say()
        except words.Skip as e:
            verdict[case] = f"skip: {e}"
    with tempfile.TemporaryDirectory(prefix="polku-external-") as folder:
        write(os.path.join(folder, "catalog.yaml"), catalog(said.values()))
        with open(os.path.join(folder, "log.ndjson"), "w", encoding="utf-8") as log:
            for w in said.values():
                log.writelines(records(w))
        forms = {}
        for case, w in said.items():
            forms[case] = {"rules": rules(w), "table": table(w) if not w.must_not else None}
            for form, text in forms[case].items():
                if text:
                    write(os.path.join(folder, f"{w.number}_{form}.polku"), text)
        codes = refused(folder)
        engines = {engine: run(folder, engine) for engine in ("auto", "interp", "reference")}
    for case, w in said.items():
        verdict[case] = judge_one(case, w, forms[case], codes, engines)
        if show and show in case.key:
            print(case.key, *filter(None, forms[case].values()), *records(w), f"expected {case.expected!r}: {verdict[case] or 'passes'}\n", sep="\n")
    return verdict


def judge_one(case, w, forms, codes, engines):
    passed = False
    for form, text in forms.items():
        refusals = codes.get(f"{w.number}_{form}.polku")
        if text is None:
            continue
        if w.must_not:
            wrong = [r for r in refusals or () if not TYPE_CODES.match(r)]
            return f"skip: {w.must_not}" if refusals and not wrong else f"must not compile, but: {wrong or 'it does'}"
        if refusals:
            return f"does not compile: {' '.join(sorted(refusals))}"
        passed = True
        for engine, journeys in engines.items():
            got = result(w, journeys[f"{w.number} {form}"])
            if not equal(got, case.expected):
                return f"{form}, {engine}: {got!r} instead of {case.expected!r}"
    return None if passed else "no form of it was tried"


def listed():
    try:
        with open(LIST, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split(" ", 3) for line in file if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        return {}
    return {" ".join(parts[:3]): parts[3] for parts in lines}


def update(verdict):
    text = "# Cases that are not mapped: suite, place, hash of the case, reason. Written by run.py --update.\n"
    write(LIST, text + "".join(f"{case.key} {v[6:]}\n" for case, v in verdict.items() if v and v.startswith("skip: ")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", default=os.path.join(HERE, "../../../shared/conformance"), help="folder with zen_expressions and jsonlogic")
    parser.add_argument("--update", action="store_true", help="write skipped.txt anew")
    parser.add_argument("--show", metavar="PLACE", help="print how the cases at this place (standard:12) are said")
    options = parser.parse_args()
    if not os.path.isdir(options.suites):
        print(f"SKIPPED: no external suites at {os.path.normpath(options.suites)}")
        return 0
    zen, jsonlogic = (os.path.join(options.suites, name) for name in ("zen_expressions", "jsonlogic"))
    verdict = judge([*cases.zen(zen), *cases.jsonlogic(jsonlogic)], options.show)
    if options.update:
        update(verdict)
    skips, bad = listed(), 0
    for suite in ("zen", "jsonlogic"):
        own = {case: v for case, v in verdict.items() if case.suite == suite}
        reasons = collections.Counter(v[6:] for v in own.values() if v and v.startswith("skip: "))
        failing = {case.key: v for case, v in own.items() if v and not v.startswith("skip: ")}
        for case, v in own.items():
            if case.key not in failing and skips.get(case.key) != (v[6:] if v else None):
                failing[case.key] = f"skipped.txt says {skips.get(case.key, 'nothing')!r}, but it is {v or 'mapped'!r}: see run.py --update"
        for key, v in failing.items():
            print(f"FAIL {key}: {v}")
        checked = sum(n for reason, n in reasons.items() if reason.startswith("must not compile"))
        print(f"{suite}: {len(own)} cases, {sum(v is None for v in own.values())} mapped, {checked} refused as they must be, "
              f"{reasons.total() - checked} skipped, {len(failing)} failing")
        for reason, n in reasons.most_common():
            print(f"  {n:4} {reason}")
        bad += len(failing)
    for key in skips.keys() - {case.key for case in verdict}:
        print(f"FAIL {key}: stands in skipped.txt, but there is no such case: see run.py --update")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as e:
        print(f"FAIL {e}")
        sys.exit(1)
    except (Misuse, OSError, ValueError, subprocess.TimeoutExpired) as e:
        print(f"external: {e}", file=sys.stderr)
        sys.exit(2)
