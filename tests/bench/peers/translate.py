#!/usr/bin/env python3
"""Says the rules of W1 (plain) in the words of an engine that reads text.

usage: tests/bench/peers/translate.py FOLDER lua|clips|cel|a-tree|rego|drools OUT
cel, a-tree: a rule a line, "type<tab>number<tab>expression". The most selective test stands first.
"""
import json
import os
import sys


def ordered(parts, sizes):
    def share(p):
        a, op, v = p
        return 1 if a == "or" else 1 / sizes[a] if op == "=" else len(v) / sizes[a] if op == "in" else 1 - v / sizes[a] if op == ">=" else v / sizes[a]
    for p in parts:
        if p[0] in ("and", "not") or p[1] == "given":
            sys.exit("translate.py: the peers take W1's plain variant only")
    return sorted(parts, key=share)


def infix(name, equals, either, both, within):
    def test(p):
        if p[0] == "or":
            return "(" + either.join(test(q) for q in p[1:]) + ")"
        a, op, v = p
        return within(name(a), v) if op == "in" else f"{name(a)} {equals if op == '=' else op} {v}"
    return lambda parts: both.join(test(p) for p in parts)


def lua(by_type, out):
    """A function for 50 rules: traces of more are not kept."""
    words = infix(lambda a: f"x[{a}]", "==", " or ", " and ", lambda x, v: "(" + " or ".join(f"{x} == {n}" for n in v) + ")")
    out.write("local lists = {}\n")
    for what, rules in by_type.items():
        out.write(f"lists[{what}] = {{}}\n")
        for i in range(0, len(rules), 50):
            out.write(f"lists[{what}][{i // 50 + 1}] = function(x, out, n)\n" + "".join(f"  if {words(p)} then out[n] = {number}; n = n + 1 end\n" for number, p in rules[i:i + 50]) + "  return n\nend\n")
    out.write("return lists\n")


def clips(by_type, out, attributes):
    """A pattern a rule: equality as a literal, which the Rete network shares between rules; all else as a constraint on its slot."""
    out.write("(deftemplate row " + " ".join(f"(slot a{a})" for a in range(attributes)) + ")\n")
    for what, rules in by_type.items():
        for number, parts in rules:
            slots, tests = {}, []
            for p in parts:
                if p[0] == "or":
                    for q in p[1:]:
                        slots.setdefault(q[0], [])
                    tests.append("(test (or " + " ".join(f"({q[1]} ?x{q[0]} {q[2]})" for q in p[1:]) + "))")
                else:
                    slots.setdefault(p[0], []).append(p)
            text = [f"(a0 {what})"]
            for a, of in slots.items():
                asked = any(f"?x{a} " in t for t in tests)
                literal = [str(p[2]) for p in of if p[1] == "="] + ["|".join(str(v) for v in p[2]) for p in of if p[1] == "in"]
                compare = [f":({p[1]} ?x{a} {p[2]})" for p in of if p[1] in (">=", "<")]
                text.append(f"(a{a} " + "&".join(([f"?x{a}"] if compare or asked or not literal else []) + literal + compare) + ")")
            out.write(f"(defrule r{number} (row {' '.join(text)}) {' '.join(tests)} => (hit {number}))\n")


def rego(by_type, out):
    """A rule of a partial set each; bodies of one type are in a package of their own, so that only these are asked. Rego is compiled and indexed by OPA."""
    words = infix(lambda a: f"input.a{a}", "==", None, "; ", lambda x, v: f"{x} in {{{', '.join(map(str, v))}}}")
    for what, rules in by_type.items():
        out.write(f"# package t{what}\n")
        for number, parts in rules:
            alone, choices = [p for p in parts if p[0] != "or"], [p[1:] for p in parts if p[0] == "or"]
            bodies = [alone]
            for c in choices:
                bodies = [b + [q] for b in bodies for q in c]
            for b in bodies:
                out.write(f"ids contains {number} if {{ {words(b)} }}\n")


def drools(by_type, out):
    """A pattern a rule, the type first, by which Drools hashes."""
    words = infix(lambda a: f"a{a}", "==", " || ", ", ", lambda x, v: f"{x} in ({', '.join(map(str, v))})")
    out.write("package w1\nglobal w1.Hits hits\n")
    for what, rules in by_type.items():
        for number, parts in rules:
            out.write(f'rule "r{number}" when Row(a0 == {what}, {words(parts)}) then hits.add({number}); end\n')


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in ("lua", "clips", "cel", "a-tree", "rego", "drools"):
        print(__doc__, file=sys.stderr)
        return 2
    folder, language, to = sys.argv[1:]
    with open(os.path.join(folder, "workload.json"), encoding="utf-8") as file:
        sizes = [a["values"] for a in json.load(file)["attributes"]]
    by_type = {}
    with open(os.path.join(folder, "rules.jsonl"), encoding="utf-8") as file:
        for number, line in enumerate(file):
            what, parts = json.loads(line)
            by_type.setdefault(what, []).append((number, ordered(parts, sizes)))
    with open(to, "w", encoding="utf-8") as out:
        if language == "lua":
            lua(by_type, out)
        elif language == "clips":
            clips(by_type, out, len(sizes))
        elif language == "rego":
            rego(by_type, out)
        elif language == "drools":
            drools(by_type, out)
        else:
            words = {"cel": infix(lambda a: f"a{a}", "==", " || ", " && ", lambda x, v: f"{x} in {v}"),
                     "a-tree": infix(lambda a: f"a{a}", "=", " or ", " and ", lambda x, v: f"{x} in ({', '.join(map(str, v))})")}[language]
            for what, rules in by_type.items():
                for number, parts in rules:
                    out.write(f"{what}\t{number}\t{words(parts)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
