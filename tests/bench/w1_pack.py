#!/usr/bin/env python3
"""Writes the workload W1 as a rule pack: a catalog and 1,000 rules in 100 journeys.

usage: tests/bench/w1_pack.py OUT [--rules 1000] [--seed 7]
example: tests/bench/w1_pack.py build/bench/w1

W1 (matching): 32 attributes. a0 is the type of what happens, zipf over 32. a1 … a7 are one of 8, 16, 50, 200, 1000, 2 and 5 values. a8 … a31 are
whole numbers below 1024. A rule asks for its type, for one or two of a1 … a7 (is, or one of 2–4 values), for one to four thresholds (15 cut points),
and one rule of five for one of two further thresholds.

Here the types are 24 events and 8 slots; every third type from the second on is a slot, so about three rules of ten are `when asked for` one, and one
of nine is for web.hero. Each slot also has a rule without conditions, after all others, so that every request shows something. What is not asked for
sends a message or raises a task; 16 rules make an offer for a slot, 8 wait for an absence, 8 count three events, 8 watch a sequence of four. One
rule of five looks back at one of ten counts, and one of four that shows keeps one of ten limits.
"""
import argparse
import math
import os
import random

CARDINALITIES = [8, 16, 50, 200, 1000, 2, 5]  # of a1 … a7
SLOTS = ["web.hero", "web.sidebar", "app.home", "web.banner", "app.inbox", "web.footer", "app.card", "web.checkout"]


def types():
    out, events = [], 0
    for i in range(32):
        if i % 3 == 1 and i // 3 < len(SLOTS):
            out.append(("slot", SLOTS[i // 3]))
        else:
            out.append(("event", f"e{events}"))
            events += 1
    return out, events


def zipf(r, n):
    return min(int(math.exp(r.random() * math.log(n + 1))) - 1, n - 1)


def predicates(r):
    out, used = [], set()
    for _ in range(r.randint(1, 2)):
        a = r.randint(1, 7)
        if a in used:
            continue
        used.add(a)
        n = CARDINALITIES[a - 1]
        if n > 8 and r.randrange(3) == 0:
            values = sorted(r.sample(range(n), r.randint(2, 4)))
            out.append(f"a{a} is one of [{', '.join(f'k{v}' for v in values)}]")
        else:
            out.append(f"a{a} is k{r.randrange(n)}")
    threshold = lambda: f"a{r.randint(8, 31)} {r.choice(['at least', 'less than'])} {r.randint(1, 15) * 64}"
    out += [threshold() for _ in range(r.randint(1, 4))]
    if r.randrange(5) == 0:
        out.append(f"({threshold()} or {threshold()})")
    if r.randrange(5) == 0:
        i = r.randrange(10)
        out.append(f"number of e{i} in the last 7 days {r.choice(['at least', 'less than'])} {1 + i % 4}")
    return out


def catalog(events):
    lines = ["# The workload W1: tests/bench/w1_pack.py", "catalog: w1", "history: 30 days", "", "events:"]
    lines += [f"  e{i}: {{ items: whole number, value: money }}" for i in range(events)]
    lines.append("visitor:")
    lines += [f"  a{a}: [{', '.join(f'k{v}' for v in range(n))}]" for a, n in enumerate(CARDINALITIES, 1)]
    lines += [f"  a{a}: whole number" for a in range(8, 32)]
    by = {c: ", ".join(s.split(".")[1] for s in SLOTS if s.startswith(c)) for c in ("web", "app")}
    lines += ["channels:", "  email: { limit: 4 in 7 days }", "  push:  {}", f"  web:   {{ slots: [{by['web']}] }}", f"  app:   {{ slots: [{by['app']}] }}", "templates:"]
    lines += [f"  mail{i}: {{ by: [email, push], with: {{ points: whole number }} }}" for i in range(50)]
    lines += [f"  teaser{i}: {{ by: [web, app], with: {{ points: whole number }} }}" for i in range(50)]
    lines += ["tasks:", "  call: { with: { points: whole number } }"]
    return "\n".join(lines) + "\n"


def rules(r, count):
    kinds, events = types()
    special = ["offer"] * 16 + ["absence"] * 8 + ["count"] * 8 + ["order"] * 8
    out = []
    for i in range(count - len(SLOTS)):
        kind, what = kinds[zipf(r, 32)]
        show = lambda slot: f'show "teaser{r.randrange(50)}" in {slot}'
        points = f" with points = a{r.randint(8, 31)}"
        clauses, deed = [], f'send "mail{r.randrange(50)}" by {r.choice(["email", "push"])}{points}' if r.randrange(8) else f'raise task "call"{points}'
        if kind == "slot":
            clauses.append(f"when    asked for {what}")
            deed = show(what) + points
        elif special:
            how = special.pop()
            steps = r.sample(range(events), 4)
            clauses.append({"count": f"when    3 {what} within 1 hour", "order": "when    in order within 14 days: " + ", ".join(f"e{s}" for s in steps)}
                           .get(how, f"when    {what}"))
            if how == "absence":
                clauses.append(f"then    no e{steps[0]} for 30 minutes")
            if how == "offer":
                deed = f"{show(r.choice(SLOTS))} for 2 hours{points}"
        else:
            clauses.append(f"when    {what}")
        clauses.append("only if " + " and ".join(predicates(r)))
        if deed.startswith("show") and r.randrange(4) == 0:
            group = r.randrange(10)
            clauses.append(f'limit {2 + group % 3} shows in {1 + group} days across "group {group}"')
        clauses += [f"priority {r.randrange(100)}", f"do {deed}"]
        out.append(clauses)
    for slot in SLOTS:
        out.append([f"when    asked for {slot}", "priority -1", f'do show "teaser{r.randrange(50)}" in {slot} with points = a8'])
    return out, events


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if args.rules < 100:
        parser.error("--rules must be 100 or more")
    r = random.Random(args.seed)
    all_rules, events = rules(r, args.rules)
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "catalog.yaml"), "w", encoding="utf-8") as file:
        file.write(catalog(events))
    with open(os.path.join(args.out, "w1.polku"), "w", encoding="utf-8") as file:
        for j in range(0, len(all_rules), 10):
            file.write(f'journey "Journey {j // 10}"\n')
            for i, clauses in enumerate(all_rules[j:j + 10], j):
                file.write(f"  rule r{i}\n" + "".join(f"    {c}\n" for c in clauses))
            file.write("end\n\n")
    asked = [c[0].split()[-1] for c in all_rules if c[0].split()[1] == "asked"]
    print(f"{len(all_rules)} rules, seed {args.seed}: {len(asked)} asked for ({asked.count('web.hero')} for web.hero), {events} events, {len(SLOTS)} slots")


if __name__ == "__main__":
    main()
