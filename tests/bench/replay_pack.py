#!/usr/bin/env python3
"""Writes the rule pack of the replay benchmark: journeys with state over 20 events and 30 attributes of a shop.

usage: tests/bench/replay_pack.py OUT [--journeys 1000] [--seed 7]
example: tests/bench/replay_pack.py build/bench/replay
Of ten journeys three look back through windows (counts with thresholds from 1 to 4, one of five a sum), one waits for an absence, one for a sequence of
two to four steps, and one of twenty each has a limit and `once per visitor`; the others ask for the event and the visitor alone. What is counted
is shared, as marketers share it: 24 counts and 6 sums, with windows from an hour to 30 days. The log is made by polku_bench_replay_log.
"""
import argparse
import math
import os
import random
from collections import Counter

EVENTS = ["page_viewed", "product_viewed", "app_opened", "search_done", "article_viewed", "cart_updated", "offer_viewed", "email_opened", "wishlist_added", "push_opened",
          "checkout_started", "order_placed", "faq_viewed", "cart_emptied", "review_written", "coupon_used", "call_ended", "delivery_changed", "order_cancelled", "return_requested"]
CATEGORIES = 50
LISTS = {"channel": ["web", "app", "shop", "phone"], "device.type": ["phone", "tablet", "desktop", "tv"], "device.os": ["android", "ios", "windows", "macos", "linux", "other"],
         "device.browser": ["chrome", "safari", "firefox", "edge", "samsung", "opera", "webview", "other"],
         "geo.country": ["fi", "se", "us", "dk", "ee", "lv", "lt", "de", "pl", "nl", "be", "fr", "es", "it", "at", "ch", "gb", "ie", "pt", "cz", "sk", "hu", "ro", "gr"],
         "customer.tier": ["basic", "silver", "gold", "platinum"]}
SCORES = 20
TEMPLATES = 40


def catalog():
    fields = f"{{ category: [{', '.join(f'c{i}' for i in range(CATEGORIES))}], price: money, quantity: whole number }}"
    lines = ["# The replay benchmark: tests/bench/replay_pack.py", "catalog: replay", "history: 60 days", "", "events:"]
    lines += [f"  {EVENTS[0]}: &fields {fields}"] + [f"  {e}: *fields" for e in EVENTS[1:]]
    lines += ["visitor:", "  consent.marketing: consent"]
    lines += [f"  {name}: [{', '.join(values)}]" for name, values in LISTS.items()]
    lines += ["  customer.age: whole number", "  customer.points: whole number", "  customer.newsletter: yes/no"]
    lines += [f"  score{i}: whole number" for i in range(1, SCORES + 1)]
    lines += ["channels:", "  email: { needs: consent.marketing }", "  push:  { needs: consent.marketing }", "templates:"]
    lines += [f"  mail{i}: {{ by: [email, push] }}" for i in range(TEMPLATES)]
    lines += ["tasks:", "  call_back: {}"]
    lines += ["sources:", "  shop:", "    format:  ndjson", "    visitor: visitor_id", "    time:    ts", "    event:   event", "    id:      event_id",
              '    fields:  { "*.category": product.category, "*.price": product.price, "*.quantity": product.quantity }', "    attributes:", "      consent.marketing: customer.marketing"]
    lines += [f"      {name}: {name}" for name in [*LISTS, "customer.age", "customer.points", "customer.newsletter"]]
    lines += [f"      score{i}: scores.score{i}" for i in range(1, SCORES + 1)]
    return "\n".join(lines) + "\n"


class Rules:
    def __init__(self, seed):
        self.r = random.Random(seed)
        money = [20, 40, 60, 80, 100, 120]
        self.counts = []
        while len(self.counts) < 24:
            of = EVENTS[self.zipf(20)]
            if self.r.randrange(3) == 0:
                of += f" where price at least {self.r.choice(money)} EUR"
            if of not in self.counts:
                self.counts.append(of)
        self.sums = [f"{e}.price" for e in ("order_placed", "cart_updated", "product_viewed", "coupon_used", "wishlist_added", "offer_viewed")]

    def zipf(self, n):
        return min(int(math.exp(self.r.random() * math.log(n + 1))) - 1, n - 1)

    def category(self):
        return f"c{self.r.randrange(CATEGORIES)}"

    def event(self, where):
        name = EVENTS[self.zipf(20)]
        return name, name + (f" where category is {self.category()}" if where else "")

    def visitor(self):
        """Two or three tests of what the visitor is and is on, one to three of numbers: about one visitor of a hundred."""
        r, out = self.r, []
        for name in r.sample(sorted(LISTS), r.randint(2, 3)):
            values = LISTS[name]
            some = sorted(r.sample(range(len(values)), r.randint(1, 2)))
            out.append(f"{name} is {values[some[0]]}" if len(some) == 1 else f"{name} is one of [{', '.join(values[i] for i in some)}]")
        for _ in range(r.randint(1, 3)):
            sign, kind = r.choice(["at least", "less than"]), r.randrange(8)
            if kind == 0:
                out.append(f"customer.age {sign} {r.randint(4, 13) * 5}")
            elif kind == 1:
                out.append(f"customer.points {sign} {r.randint(1, 19) * 500}")
            elif kind == 2:
                out.append(f"customer.newsletter is {r.choice(['yes', 'no'])}")
            else:
                out.append(f"score{r.randint(1, SCORES)} {sign} {64 * r.randint(1, 15)}")
        return out

    def window(self):
        r = self.r
        length = r.choice(["1 hour", "1 day", "7 days", "30 days"])
        if r.randrange(5) == 0:
            return f"sum of {r.choice(self.sums)} in the last {length} {r.choice(['at least', 'less than'])} {r.choice([50, 100, 200, 400])} EUR"
        return f"number of {r.choice(self.counts)} in the last {length} {r.choice(['at least', 'less than'])} {r.randint(1, 4)}"

    def rule(self, kind):
        r = self.r
        tests = self.visitor()
        lines = []
        if kind == "order":
            steps = [self.event(r.randrange(4) == 0)[1] for _ in range(r.randint(2, 4))]
            lines.append(f"when in order within {r.choice(['1 day', '7 days', '14 days'])}: {', '.join(steps)}{' without order_placed' if r.randrange(3) == 0 else ''}")
        elif kind == "absence":
            name, start = self.event(True)
            lines.append(f"when {start}")
            stops = r.sample([e for e in ("order_placed", "cart_emptied", "order_cancelled", "call_ended", "checkout_started") if e != name], r.randint(1, 2))
            lines.append(f"then no {', '.join(stops)} for {r.choice(['30 minutes', '2 hours', '1 day', '3 days'])}")
        else:
            name, start = self.event(r.randrange(4) == 0)
            lines.append(f"when {start}")
            if r.randrange(5) == 0:
                tests.append(r.choice([f"{name}.price at least {r.choice([20, 40, 80])} EUR", f"{name}.category is {self.category()}", f"{name}.quantity at least {r.randint(2, 4)}"]))
        if kind == "window":
            tests += [self.window() for _ in range(r.randint(1, 2))]
        lines += [f"only if {t}" for t in tests]
        if kind == "limit":
            lines.append(f"limit {r.randint(1, 4)} messages in {r.choice(['1 day', '7 days', '30 days'])}")
        if kind == "once":
            lines.append("once per visitor")
        if r.randrange(2):
            lines.append(f"priority {r.randrange(100)}")
        lines.append('do raise task "call_back"' if kind != "limit" and r.randrange(10) == 0 else f'do send "mail{r.randrange(TEMPLATES)}" by {r.choice(["email", "push"])}')
        return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--journeys", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if not 1 <= args.journeys <= 1_000_000:
        parser.error("--journeys is from 1 to 1,000,000")
    rules = Rules(args.seed)
    kinds = ["window"] * 6 + ["order"] * 2 + ["absence"] * 2 + ["limit", "once"] + ["plain"] * 8  # of twenty
    kinds = [kinds[i % 20] for i in range(args.journeys)]
    rules.r.shuffle(kinds)
    os.makedirs(args.out, exist_ok=True)
    for name in os.listdir(args.out):  # of an earlier run
        if name.endswith(".polku"):
            os.remove(os.path.join(args.out, name))
    with open(os.path.join(args.out, "catalog.yaml"), "w", encoding="utf-8") as file:
        file.write(catalog())
    for first in range(0, args.journeys, 100):
        with open(os.path.join(args.out, f"journeys-{first // 100:04}.polku"), "w", encoding="utf-8") as file:
            for i in range(first, min(first + 100, args.journeys)):
                file.write(f'journey "Journey {i}"\n  rule {kinds[i]}{i}\n' + "".join(f"    {line}\n" for line in rules.rule(kinds[i])) + "end\n\n")
    print(f"{args.journeys} journeys, seed {args.seed}: " + ", ".join(f"{n} {k}" for k, n in sorted(Counter(kinds).items())))


if __name__ == "__main__":
    main()
