#!/usr/bin/env python3
"""Writes the matching workload W1: the same rules as a rule pack and as JSON lines, and the rows that are matched against them.

usage: tests/bench/w1.py --rules N --out DIR [--seed 1] [--variant plain|dense|sparse|logic|text|thresholds] [--rows 16384]
example: tests/bench/w1.py --rules 10000 --out build/bench/w1-plain-10000

A row is an event of type a0, zipf over 32, of a visitor whose other attributes are a1 …: a1 … a7 are one of 8, 16, 50, 200, 1000, 2 and 5 values,
a8 … a31 whole numbers below 1024. A rule asks for its type, one or two of a1 … a7 (is, or one of 2–4 values), one to four thresholds (15 cut points),
and one rule of five for one of two further thresholds: 5.3 predicates. docs/benchmarks.md has the variants.

Writes into DIR
  pack/         catalog.yaml and *.polku, 500 rules a file; rule r17 of the pack is line 17 of rules.jsonl
  rules.jsonl   a rule a line: [type, [part, …]], all of which must hold. A part is [attribute, "=" | ">=" | "<", number], [attribute, "in", [number, …]],
                [attribute, "given"], ["or", part, …], ["and", part, …] or ["not", part]. A comparison with what is missing is neither so nor not so.
  rows.bin      "W1R1", the numbers of rows and of attributes, then the rows; all little-endian 32 bits. Missing is the least number.
  workload.json what it is: variant, seed, whether values are missing, the attributes with their kinds, predicates a rule
"""
import argparse
import array
import json
import math
import os
import random
import sys

TYPES = 32
CARDINALITIES = [8, 16, 50, 200, 1000, 2, 5]
MISSING = -(1 << 31)
VARIANTS = ["plain", "dense", "sparse", "logic", "text", "thresholds"]
RULES_A_FILE, RULES_A_JOURNEY = 500, 10


class Workload:
    def __init__(self, variant, seed):
        self.variant = variant
        self.random = None  # of rules and of rows a stream each: the rules do not depend on how many rows there are
        self.streams = {of: random.Random(f"{variant} {seed} {of}").random for of in ("rules", "rows")}
        # Of each attribute: how many values it has, and the share of rows that have one.
        self.size = [TYPES] + CARDINALITIES + [1024] * 24
        self.categories, self.numbers = range(1, 8), range(8, 32)
        self.present = [1.0] * len(self.size)
        if variant == "sparse":
            self.size = [TYPES] + [CARDINALITIES[i % 7] for i in range(39)] + [1024] * 160
            self.categories, self.numbers = range(1, 40), range(40, 200)
            # Every fifth attribute is known of two in three, the others of one in twelve: together a fifth.
            self.present = [1.0] + [2 / 3 if a % 5 == 0 else 1 / 12 for a in range(1, 200)]

    def below(self, n):
        return int(self.random() * n)

    def type(self):
        return min(int(math.exp(self.random() * math.log(TYPES + 1))) - 1, TYPES - 1)

    def pick(self, of):
        a = of[self.below(len(of))]
        if self.variant == "sparse" and self.below(3):  # rules ask for what is known: two of three tests
            a = min(-(-a // 5) * 5, of[-1] // 5 * 5)
        return a

    def category(self, used):
        a = self.pick(self.categories)
        if a in used:
            return None
        used.add(a)
        n = self.size[a]
        most = 16 if self.variant == "text" else 4
        if n > 8 and (self.variant == "text" or self.below(3) == 0):
            values = sorted({self.below(n) for _ in range(2 + self.below(most - 1))})
            if len(values) > 1:
                return [a, "in", values]
            return [a, "=", values[0]]
        return [a, "=", self.below(n)]

    def threshold(self):
        cut = 1 + self.below(1023) if self.variant == "thresholds" else (1 + self.below(15)) * 64
        return [self.pick(self.numbers), (">=", "<")[self.below(2)], cut]

    def atom(self):
        if self.below(3):
            return self.threshold()
        return self.category(set())

    def group(self):
        """`or` and `not`, one level in the other, of three to five tests."""
        kind = self.below(3)
        if kind == 0:
            return ["or", self.atom(), ["and", self.atom(), self.atom()]]
        if kind == 1:
            return ["not", ["or", self.atom(), self.atom(), self.atom()][: 3 + self.below(2)]]
        return ["or", self.atom(), self.atom(), ["not", ["or", self.atom(), self.atom()]]]

    def rule(self):
        parts, used = [], set()
        if self.variant == "dense":
            parts += [self.threshold() for _ in range(3 + self.below(4))]
        else:
            for _ in range(1 + self.below(2)):
                part = self.category(used)
                if part:
                    parts.append(part)
            parts += [self.threshold() for _ in range(1 + self.below(4))]
        if self.below(5) == 0:
            parts.append(["or", self.threshold(), self.threshold()])
        if self.variant == "logic" and self.below(2):
            parts.append(self.group())
        if self.variant == "sparse" and self.below(10) == 0:
            part = [self.pick(self.numbers), "given"]
            parts.append(part if self.below(2) else ["not", part])
        return [self.type(), parts]

    def row(self):
        return [self.type()] + [self.below(n) if p == 1.0 or self.random() < p else MISSING for n, p in zip(self.size[1:], self.present[1:])]

    def kind(self, a):
        return "type" if a == 0 else "number" if a in self.numbers else "text" if self.variant == "text" else "category"


def tests(part):
    if isinstance(part[0], str):
        return sum(tests(p) for p in part[1:])
    return 1


class Words:
    """Parts in the words of the language."""
    SIGNS = {"=": "is", ">=": "at least", "<": "less than"}

    def __init__(self, w):
        self.value = []
        for a in range(len(w.size)):
            kind = w.kind(a)
            self.value.append((lambda v: f'"t{v}"') if kind == "text" else (lambda v: f"k{v}") if kind == "category" else str)

    def part(self, p):
        a, op = p[0], p[1]
        if a == "not":
            return f"not ({self.part(op)})"
        if a == "or" or a == "and":
            return "(" + f" {a} ".join([self.part(x) for x in p[1:]]) + ")"
        if op == "in":
            value = self.value[a]
            return f"a{a} is one of [{', '.join([value(v) for v in p[2]])}]"
        if op == "given":
            return f"a{a} is given"
        return f"a{a} {self.SIGNS[op]} {self.value[a](p[2])}"


def catalog(w):
    lines = [f"# The workload W1, {w.variant}: tests/bench/w1.py", "catalog: w1", "history: 30 days", "", "events:"]
    lines += [f"  e{t}: {{}}" for t in range(TYPES)]
    lines.append("visitor:")
    for a in range(1, len(w.size)):
        kind = w.kind(a)
        lines.append(f"  a{a}: " + ("whole number" if kind == "number" else "text" if kind == "text" else f"[{', '.join(f'k{v}' for v in range(w.size[a]))}]"))
    lines += ["channels:", "  email: {}", "templates:"]
    lines += [f"  mail{i}: {{ by: [email] }}" for i in range(50)]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS, default="plain")
    parser.add_argument("--rows", type=int, default=16384)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    if not 1 <= args.rules <= 10_000_000 or not 1 <= args.rows <= 10_000_000:
        parser.error("--rules and --rows are from 1 to 10,000,000")
    pack = os.path.join(args.out, "pack")
    os.makedirs(pack, exist_ok=True)
    for name in os.listdir(pack):  # of an earlier run, perhaps with more rules
        if name.endswith(".polku"):
            os.remove(os.path.join(pack, name))
    w = Workload(args.variant, args.seed)
    words = Words(w)
    rows = array.array("i", [args.rows, len(w.size)])
    w.random = w.streams["rows"]
    for _ in range(args.rows):
        rows.extend(w.row())
    w.random = w.streams["rules"]
    if sys.byteorder == "big":
        rows.byteswap()
    with open(os.path.join(args.out, "rows.bin"), "wb") as file:
        file.write(b"W1R1")
        rows.tofile(file)
    with open(os.path.join(pack, "catalog.yaml"), "w", encoding="utf-8") as file:
        file.write(catalog(w))
    predicates = 0
    with open(os.path.join(args.out, "rules.jsonl"), "w", encoding="utf-8") as lines:
        for first in range(0, args.rules, RULES_A_FILE):
            last = min(first + RULES_A_FILE, args.rules)
            made = [w.rule() for _ in range(first, last)]
            lines.write("".join([json.dumps(r, separators=(",", ":")) + "\n" for r in made]))
            text = []
            for i, (what, parts) in enumerate(made, first):
                predicates += 1 + sum(map(tests, parts))
                if i % RULES_A_JOURNEY == 0:
                    text.append(f'{"" if i == first else "end" + chr(10) + chr(10)}journey "Journey {i // RULES_A_JOURNEY}"\n')
                text.append(f"  rule r{i}\n    when e{what}\n    only if {' and '.join([words.part(p) for p in parts])}\n    do send \"mail{i % 50}\" by email\n")
            text.append("end\n")
            with open(os.path.join(pack, f"w1-{first // RULES_A_FILE:05}.polku"), "w", encoding="utf-8") as file:
                file.write("".join(text))
    about = {"workload": "w1", "variant": args.variant, "seed": args.seed, "rules": args.rules, "rows": args.rows, "missing": args.variant == "sparse", "predicates_per_rule": round(predicates / args.rules, 3),
             "attributes": [{"name": f"a{a}", "kind": w.kind(a), "values": n} for a, n in enumerate(w.size)]}
    with open(os.path.join(args.out, "workload.json"), "w", encoding="utf-8") as file:
        json.dump(about, file)
    print(f"{args.rules} rules, {args.variant}, seed {args.seed}: {predicates / args.rules:.2f} predicates a rule, {args.rows} rows")


if __name__ == "__main__":
    main()
