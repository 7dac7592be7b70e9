#!/usr/bin/env python3
"""The benchmarks run, what they compare is equal, and the workload has the statistics it is published with. No figure of time is looked at.

usage: tests/bench/bench_test.py w1|replay BUILD
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failures = []


def check(what, is_so):
    if not is_so:
        failures.append(what)
        print(f"FAILED: {what}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout, end="")
    check(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}", done.returncode == 0)
    return done.stdout


def contents(folder):
    return {os.path.relpath(os.path.join(at, n), folder): open(os.path.join(at, n), "rb").read() for at, _, names in os.walk(folder) for n in names}


def w1(build, out):
    maker, harness = os.path.join(ROOT, "tests/bench/w1.py"), os.path.join(build, "polku_bench_w1")
    make = lambda folder, *options: run(sys.executable, "-B", maker, "--out", folder, *options)
    for wrong in ([], [out, "--rounds", "0"], [out, "--rounds", "2x"], [out, "--nothing", "1"], [os.path.join(out, "none")], [out, "--no", "other"], [out, "--so", "g++"]):
        done = subprocess.run([harness, *wrong], capture_output=True, text=True)
        check(f"misuse is told: {wrong}", done.returncode == 2 and done.stderr and not done.stdout)
    # A seed gives the same files; another one others.
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make(os.path.join(out, name), "--rules", "50", "--rows", "100", "--seed", str(seed))
    check("the same seed gives the same files", contents(os.path.join(out, "a")) == contents(os.path.join(out, "b")))
    check("another seed gives others", contents(os.path.join(out, "a")) != contents(os.path.join(out, "c")))
    # As published: 5.3 predicates a rule; matches an event. A thousand rules are few, so the figure depends on the seed.
    for rules, matches, within in ((1000, 1.3, 0.3), (10000, 14, 0.1)):
        folder = os.path.join(out, f"plain-{rules}")
        make(folder, "--rules", str(rules), "--rows", "6000")
        run(harness, folder, "--rounds", "1", "--no", "polku", "--no", "step", "--json", os.path.join(folder, "figures.json"))
        about, figures = (json.load(open(os.path.join(folder, n), encoding="utf-8")) for n in ("workload.json", "figures.json"))
        check(f"5.3 predicates a rule: {about['predicates_per_rule']}", abs(about["predicates_per_rule"] - 5.3) < 0.15)
        check(f"{matches} matches an event: {figures['matches_per_event']}", abs(figures["matches_per_event"] / matches - 1) < within)
        check("every row is compared", figures["rows_compared"] == 6000)
    # Every variant through Polku, the bare tables with both kernels, and C++ as g++ compiles it.
    for variant in ("plain", "dense", "sparse", "logic", "text", "thresholds"):
        folder = os.path.join(out, variant)
        make(folder, "--rules", "700", "--rows", "2048", "--variant", variant)
        options = []
        if variant in ("sparse", "logic"):
            few = os.path.join(out, variant + "-few")
            make(few, "--rules", "120", "--rows", "2048", "--variant", variant)
            made = json.loads(run(sys.executable, "-B", os.path.join(ROOT, "tests/bench/peers/cpp.py"), few, "--compiler", "g++", "--cache", os.path.join(out, "cpp")))
            run(harness, few, "--rounds", "1", "--engine", "interp", "--so", f"gxx={made['library']}")
        figures = os.path.join(folder, "figures.json")
        run(harness, folder, "--rounds", "1", "--engine", "interp", "--json", figures)
        figures = json.load(open(figures, encoding="utf-8"))
        check(f"{variant}: something matches", figures["matches_per_event"] > 0.05)
        check(f"{variant}: polku, its whole step and the bare tables ran", {"polku", "bare", "polku_step"} <= set(figures["contestants"]))
    # It does find a contestant that errs: rules of another seed.
    wrong = os.path.join(out, "wrong")
    make(wrong, "--rules", "700", "--rows", "2048", "--seed", "8")
    os.replace(os.path.join(out, "plain", "rules.jsonl"), os.path.join(wrong, "rules.jsonl"))
    done = subprocess.run([harness, wrong, "--rounds", "1", "--engine", "interp"], capture_output=True, text=True)
    check("rules that are not the pack's are found out", done.returncode == 1 and "finds other rules" in done.stderr)


def replay(build, out):
    said = run(os.path.join(ROOT, "scripts/bench-replay"), "--build", build, "--out", out, "--events", "4000", "--visitors", "1000", "--sample", "400")
    result = json.load(open(os.path.join(out, "replay.json"), encoding="utf-8"))
    check(f"300 windows, 100 sequences, 100 absences, 100 caps: {said}", "100 absence, 50 limit, 50 once, 100 order, 400 plain, 300 window" in said)
    check("the reference was asked, and there were decisions", result["reference"]["equal"] and result["reference"]["decisions"] > 0)
    check(f"about 520 bytes an event: {result['bytes_per_event']}", abs(result["bytes_per_event"] - 520) < 60)
    page = os.path.join(out, "page.md")
    shutil.copyfile(os.path.join(ROOT, "docs/benchmarks.md"), page)
    run(os.path.join(ROOT, "scripts/bench-doc"), "--out", out, "--doc", page)
    with open(page, encoding="utf-8") as file:
        check("the page has the figures", f"**{result['events_per_s']:,.0f}**" in file.read())
    logger = os.path.join(build, "polku_bench_replay_log")
    one = subprocess.run([logger, "-", "--events", "500", "--visitors", "100"], capture_output=True).stdout
    check("the same options give the same log", one == subprocess.run([logger, "-", "--events", "500", "--visitors", "100"], capture_output=True).stdout)
    part = subprocess.run([logger, "-", "--events", "500", "--visitors", "100", "--of", "10"], capture_output=True).stdout.splitlines()
    check("--of takes whole visitors", part == [line for line in one.splitlines() if int(json.loads(line)["visitor_id"][2:]) % 10 == 0] and part)
    times = [json.loads(line)["ts"] for line in one.splitlines()]
    check("the times ascend", times == sorted(times) and len(times) == 500)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as out:
        PARTS[sys.argv[1]](sys.argv[2], out)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


PARTS = {"w1": w1, "replay": replay}

if __name__ == "__main__":
    sys.exit(main())
