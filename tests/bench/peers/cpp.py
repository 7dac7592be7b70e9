#!/usr/bin/env python3
"""Compiles the rules of W1 as C++ that a person would write for speed: a switch on the type, then an `if` a rule, the most selective test first.

usage: tests/bench/peers/cpp.py FOLDER --compiler g++|clang++-19|… [--cache build/bench/cpp] [--jobs 2]
example: tests/bench/peers/cpp.py build/bench/w1-plain-1000 --compiler g++
FOLDER is one that tests/bench/w1.py made. Prints the file to load (w1_match of it) and the seconds of the processor that compiling took when it was compiled: a line of JSON.
A function has at most 250 rules and a file one function: compilers need more than twice the time for twice the function.
What was compiled is kept by its content.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import resource
import subprocess
import sys
import time

FLAGS = ["-O3", "-march=native", "-std=c++20", "-fPIC", "-w"]
RULES_A_FUNCTION = 250
HEADER = "#include <cstddef>\n#include <cstdint>\nconstexpr std::int32_t kMissing = INT32_MIN;\n"


class Writer:
    def __init__(self, about):
        self.size = [a["values"] for a in about["attributes"]]
        self.missing = about["missing"]

    def test(self, p, negated):
        """C++ that is true if the part is surely so (negated: surely not so), and how often about."""
        a, op = p[0], p[1]
        if a == "not":
            return self.test(op, not negated)
        if a in ("or", "and"):
            parts = sorted((self.test(x, negated) for x in p[1:]), key=lambda t: t[1], reverse=(a == "or") != negated)
            if (a == "or") != negated:
                share = min(1.0, sum(s for _, s in parts))
                return "(" + " || ".join(t for t, _ in parts) + ")", share
            share = 1.0
            for _, s in parts:
                share *= s
            return "(" + " && ".join(t for t, _ in parts) + ")", share
        x = f"x[{a}]"
        known = f"{x} != kMissing && " if self.missing else ""
        if op == "given":
            return (f"{x} == kMissing", 0.5) if negated else (f"{x} != kMissing", 0.5)
        if op == "in":
            share = len(p[2]) / self.size[a]
            if negated:
                return "(" + known + " && ".join(f"{x} != {v}" for v in p[2]) + ")", 1 - share
            return "(" + " || ".join(f"{x} == {v}" for v in p[2]) + ")", share
        value = p[2]
        if op == "=":
            return (f"({known}{x} != {value})", 1 - 1 / self.size[a]) if negated else (f"{x} == {value}", 1 / self.size[a])
        at_least = (op == ">=") != negated
        share = value / self.size[a]
        return (f"{x} >= {value}", 1 - share) if at_least else (f"({known}{x} < {value})" if known else f"{x} < {value}", share)

    def function(self, name, rules):
        out = [HEADER, f"std::size_t {name}(const std::int32_t* x, std::uint32_t* ids) {{\n  std::size_t n = 0;\n"]
        for number, parts in rules:
            tests = sorted((self.test(p, False) for p in parts), key=lambda t: t[1])
            out.append(f"  if ({' && '.join(t for t, _ in tests)}) ids[n++] = {number};\n")
        out.append("  return n;\n}\n")
        return "".join(out)


def sources(folder):
    with open(os.path.join(folder, "workload.json"), encoding="utf-8") as file:
        writer = Writer(json.load(file))
    by_type = {}
    with open(os.path.join(folder, "rules.jsonl"), encoding="utf-8") as file:
        for number, line in enumerate(file):
            what, parts = json.loads(line)
            by_type.setdefault(what, []).append((number, parts))
    files, declared, cases = [], [], []
    for what, rules in sorted(by_type.items()):
        calls = []
        for i in range(0, len(rules), RULES_A_FUNCTION):
            name = f"type_{what}_{i // RULES_A_FUNCTION}"
            files.append(writer.function(name, rules[i:i + RULES_A_FUNCTION]))
            declared.append(f"std::size_t {name}(const std::int32_t*, std::uint32_t*);\n")
            calls.append(name)
        if len(calls) == 1:
            cases.append(f"    case {what}: return {calls[0]}(x, ids);\n")
        else:
            cases.append(f"    case {what}:\n" + "".join(f"      n += {c}(x, ids + n);\n" for c in calls) + "      return n;\n")
    files.append(HEADER + "".join(declared) + 'extern "C" std::size_t w1_match(const std::int32_t* x, std::uint32_t* ids) {\n  std::size_t n = 0;\n  switch (x[0]) {\n'
                 + "".join(cases) + "  }\n  return n;\n}\n")
    return files


def compiled(folder, compiler, cache, jobs):
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    cpu = next((line for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("flags")), "") if os.path.exists("/proc/cpuinfo") else ""
    files = sources(folder)
    key = hashlib.sha256("\0".join([version, cpu, *FLAGS, *files]).encode()).hexdigest()[:20]
    work = os.path.join(cache, f"{os.path.basename(compiler)}-{key}")
    library, note = os.path.join(work, "w1.so"), os.path.join(work, "compiled.json")
    if not os.path.exists(note):
        os.makedirs(work, exist_ok=True)
        started = time.perf_counter()
        processor = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        before = processor()

        def one(i):
            name = os.path.join(work, f"{i:04}.cc")
            with open(name, "w", encoding="utf-8") as file:
                file.write(files[i])
            subprocess.run([compiler, *FLAGS, "-c", name, "-o", name[:-3] + ".o"], check=True)
            return name[:-3] + ".o"

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            done = list(pool.map(one, sorted(range(len(files)), key=lambda i: -len(files[i]))))
        subprocess.run([compiler, "-shared", "-o", library, *done], check=True)
        result = {"library": library, "compiler": version, "flags": FLAGS, "files": len(files), "compile_s": round(processor() - before, 2), "wall_s": round(time.perf_counter() - started, 2)}
        with open(note + ".new", "w", encoding="utf-8") as file:
            json.dump(result, file)
        os.replace(note + ".new", note)
    with open(note, encoding="utf-8") as file:
        return json.load(file) | {"library": library}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--cache", default="build/bench/cpp")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    print(json.dumps(compiled(args.folder, args.compiler, args.cache, args.jobs)))


if __name__ == "__main__":
    sys.exit(main())
