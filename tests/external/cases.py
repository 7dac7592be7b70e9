"""Reads the external suites: every case becomes a tree that words.py says in Polku's words.

A tree is a tuple whose first item names it:
  ("lit", value) ("list", trees) ("record", [(path, tree)])   a literal; path: a tuple of keys
  ("var", path) ("elem", path)                                 something of the input; of the element that a closure looks at
  ("op", sign, a, b) ("neg", a) ("not", a) ("sum1", a) ("truth", a)     sum1, truth: a lone operand of + or *, of `and` or `or`
  ("in", a, list) ("range", low, has_low, high, has_high)
  ("if", [(condition, value)], last or None) ("else", a, b)    else: a, or b if a is nothing (or an error)
  ("over", kind, list, body) ("call", name, trees) ("method", name, tree, trees)
  ("given", path) ("missing", [path]) ("missing_some", n, [path]) ("fail",) ("cannot", reason)
"""
import csv
import hashlib
import json
import os
import re
from decimal import Decimal

ERROR = object()    # what is expected of a case that must fail


class Case:
    """suite: zen or jsonlogic; place: where it stands; tree, data, expected: as read. A key changes when the case does."""

    def __init__(self, suite, place, raw, tree, data, expected):
        self.suite, self.place, self.tree, self.data, self.expected = suite, place, tree, data, expected
        self.key = f"{suite} {place} {hashlib.sha256(raw.encode()).hexdigest()[:8]}"


# ---- JsonLogic ----

SIGNS = {"==", "===", "!=", "!==", "<", "<=", ">", ">="}
ARGUMENTS = "error cases: a wrong number or form of arguments cannot be written"
SCOPES = "higher-order functions over lists: lists as results, lists in lists, folds"


def jsonlogic(folder):
    for base, dirs, names in os.walk(folder):
        dirs.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            with open(path, encoding="utf-8") as file:
                listed = json.load(file, parse_float=Decimal)
            place = os.path.relpath(path, folder).replace(os.sep, "/").removesuffix(".json")
            for number, c in enumerate(c for c in listed if isinstance(c, dict)):
                tree = logic(c["rule"], False)
                yield Case("jsonlogic", f"{place}:{number}", json.dumps(c, default=str), tree, c.get("data"), ERROR if "error" in c else c.get("result"))


def logic(rule, inside):
    """inside: in a closure, where names are those of the element."""
    if isinstance(rule, list):
        return ("list", [logic(r, inside) for r in rule])
    if not isinstance(rule, dict):
        return ("lit", rule)
    if len(rule) != 1:
        return ("cannot", "objects as values")
    (name, given), = rule.items()
    if isinstance(given, dict) and "preserve" in given:
        if name not in {"+", "-", "*", "/"}:
            return ("cannot", ARGUMENTS)
        given = given["preserve"]
    args = given if isinstance(given, list) else [given]
    look = "elem" if inside else "var"
    if name in ("var", "val"):
        return lookup(name, args, look, inside)
    if name in ("and", "or", "if", "?:") or name in SIGNS:
        if not isinstance(given, list) or (name in SIGNS and len(args) < 2):
            return ("cannot", ARGUMENTS)
    if name in ("all", "some", "none", "map", "filter", "reduce"):
        return closure(name, given, inside)
    if name == "exists" and all(isinstance(a, str) for a in args):
        return ("given", tuple(args))
    if name == "missing" and all(isinstance(a, str) for a in args):
        return ("missing", [tuple(a.split(".")) for a in args])
    if name == "missing_some":
        return ("missing_some", args[0], [tuple(a.split(".")) for a in args[1]])
    if name == "try" and any(looks(a) for a in args[1:]):
        return ("cannot", "error cases: an error that is looked into")
    if name == "throw":
        return ("fail",)
    if any(isinstance(a, dict) and "merge" in a for a in args):
        return ("cannot", SCOPES)
    trees = [logic(a, inside) for a in args]
    if name in SIGNS:
        return chain("and", [("op", name, a, b) for a, b in zip(trees, trees[1:])])
    if name in ("and", "or"):
        if not trees:
            return ("cannot", ARGUMENTS)
        return chain(name, trees) if len(trees) > 1 else ("truth", trees[0])
    if name in ("!", "!!"):
        if len(trees) != 1:
            return ("cannot", ARGUMENTS)
        return ("not", trees[0]) if name == "!" else ("not", ("not", trees[0]))
    if name in ("if", "?:"):
        if len(trees) == 1:
            return trees[0]
        if not trees:
            return ("cannot", ARGUMENTS)
        return ("if", list(zip(trees[::2], trees[1::2])), trees[-1] if len(trees) % 2 else None)
    if name in ("+", "-", "*", "/", "%"):
        return arithmetic(name, trees)
    if name in ("??", "try"):
        return chain("else", trees) if trees else ("cannot", ARGUMENTS)
    if name == "in":
        return ("in", *trees)
    if name in ("max", "min"):
        return ("call", name, trees if len(trees) == 1 and trees[0][0] in ("var", "over") else [("list", trees)])
    return ("call", name, trees)


def looks(rule):
    """Whether the rule looks anything up: in `try`, behind the first, that is the error."""
    if isinstance(rule, dict):
        return bool(rule.keys() & {"var", "val"}) or any(map(looks, rule.values()))
    return isinstance(rule, list) and any(map(looks, rule))


def lookup(name, args, look, inside):
    default = None
    if name == "var":
        if len(args) > 1:
            default = logic(args[1], inside)
        args = args[:1]
        if args and isinstance(args[0], dict):
            return ("cannot", "names that are computed")
        args = [] if args in ([""], [None]) else re.split(r"\.", str(args[0])) if args else []
    if any(isinstance(a, (dict, list)) for a in args):
        return ("cannot", SCOPES if isinstance(args[0], list) else "names that are computed")
    tree = (look, tuple(map(str, args)))
    return tree if default is None else ("else", tree, default)


def closure(name, given, inside):
    if not isinstance(given, list) or len(given) < 2:
        return ("cannot", ARGUMENTS)
    if inside or given[0] is None or given[1] is None:
        return ("cannot", SCOPES if inside else "error cases: no list, or nothing to ask of it")
    source, body = logic(given[0], inside), given[1]
    if name != "reduce":
        return ("over", name if name != "all" else "all, of some", source, logic(body, True))
    # A fold by + from s is s and the sum; no other fold can be said.
    parts = body.get("+", []) if isinstance(body, dict) else []
    items = [p for p in parts if p not in ({"var": "accumulator"}, {"val": "accumulator"})]
    if len(parts) != 2 or len(items) != 1 or len(given) != 3:
        return ("cannot", SCOPES)
    item = logic(items[0], True)
    if item[0] != "elem" or item[1][:1] != ("current",):
        return ("cannot", SCOPES)
    return ("op", "+", logic(given[2], inside), ("call", "sum", [("over", "map", source, ("elem", item[1][1:]))]))


def chain(sign, trees):
    tree = trees[0]
    for other in trees[1:]:
        tree = ("else", tree, other) if sign == "else" else ("op", sign, tree, other)
    return tree


def arithmetic(sign, trees):
    if not trees or (sign == "%" and len(trees) < 2):
        return ("cannot", ARGUMENTS)
    if len(trees) == 1:
        return {"-": ("neg", trees[0]), "/": ("op", "/", ("lit", 1), trees[0])}.get(sign, ("sum1", trees[0]))
    tree = trees[0]
    for other in trees[1:]:
        tree = ("op", sign, tree, other)
    return tree


# ---- Zen expressions ----

def zen(folder):
    for name in ("standard", "unary", "date"):
        with open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter=";")
            for row in rows:
                if rows.line_num == 1 or not row or row[0].startswith("#"):
                    continue
                place = f"{name}:{rows.line_num}"
                expression, data, expected = row if len(row) == 3 else (row[0], "", row[-1])
                tree = Zen(expression, place).cell() if name == "unary" else Zen(expression, place).whole()
                yield Case("zen", place, "\n".join(row), tree, plain(Zen(data, place).whole()) if data else {}, plain(Zen(expected, place).whole()))


def plain(tree):
    """The value of a tree of literals."""
    kind = tree[0]
    if kind == "lit":
        return tree[1]
    if kind == "neg":
        return -plain(tree[1])
    if kind == "list":
        return [plain(t) for t in tree[1]]
    if kind == "record":
        return {path[0]: plain(t) for path, t in tree[1]}
    raise ValueError(f"no literal: {tree}")


TOKEN = re.compile(r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>'[^']*'|"[^"]*")|(?P<template>`(?:\$\{[^`]*?(?:`[^`]*`)?[^`]*?\}|[^`])*`)
    |(?P<name>[A-Za-z_$#][A-Za-z_0-9]*)|(?P<sign>==|!=|<=|>=|\?\?|\.\.|[-+*/%^<>()\[\]{}.,:;?=]))""", re.X)
BINARY = {"or": 10, "and": 15, "==": 20, "!=": 20, "<": 20, "<=": 20, ">": 20, ">=": 20, "in": 20, "not in": 20,
          "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "^": 70, "??": 80}
CLOSURES = {"all", "some", "none", "one", "count", "filter", "map", "flatMap"}
ASKING = {"contains", "startsWith", "endsWith", "matches", "isNumeric"}     # calls that are conditions


class Zen:
    """A reader of one expression; the signs bind as the suite's own language has them."""

    def __init__(self, text, place):
        self.text, self.place, self.tokens, self.at, self.aliases = text, place, [], 0, []
        end = 0
        while text[end:].strip():
            m = TOKEN.match(text, end)
            if not m:
                raise ValueError(f"zen {place}: cannot read {text[end:]!r}")
            self.tokens.append((m.lastgroup, m[m.lastgroup]))
            end = m.end()

    def peek(self, *signs, ahead=0):
        kind, text = self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ("end", "")
        return text in signs and kind in ("sign", "name")

    def take(self, *signs):
        if self.peek(*signs):
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def need(self, sign):
        if not self.take(sign):
            raise ValueError(f"zen {self.place}: {sign} expected in {self.text!r}")

    def whole(self):
        """An expression, or assignments, whose result is what they set."""
        sets = []
        while self.at < len(self.tokens):
            tree = self.ternary()
            if not self.take("="):
                tree = ("cannot", "names that are set and read again") if sets else tree
                self.take(";")
                if self.at < len(self.tokens):
                    raise ValueError(f"zen {self.place}: more in {self.text!r}")
                return tree
            sets.append((tree[1], self.ternary()))
            self.take(";")
        return ("record", sets)

    def cell(self):
        """A cell of a table: conditions on $, joined by and, or and commas."""
        tree = self.pair()
        while self.at < len(self.tokens):
            sign = "and" if self.take("and") else "or"
            if sign == "or":
                self.take("or", ",")
            tree = ("op", sign, tree, self.pair())
        return tree

    def pair(self):
        value = ("var", ("$",))
        if not self.peek("<", "<=", ">", ">=", "==", "!="):
            tree = self.ternary(joins=False)
            if tree[0] == "range":
                return ("in", value, tree)
            asks = (tree[0] in ("in", "not", "over") or (tree[0] == "op" and tree[1] in ("==", "!=", "<", "<=", ">", ">="))
                    or (tree[0] == "call" and tree[1] in ASKING))
            return tree if asks else ("op", "==", value, tree)
        return ("op", self.take("<", "<=", ">", ">=", "==", "!="), value, self.ternary(joins=False))

    def ternary(self, joins=True):
        tree = self.binary(0, joins)
        if self.take("?"):
            yes = self.ternary()
            self.need(":")
            return ("if", [(tree, yes)], self.ternary())
        return tree

    def binary(self, least, joins=True):
        tree = self.unary()
        while True:
            sign = "not in" if self.peek("not") and self.peek("in", ahead=1) else self.tokens[self.at][1] if self.at < len(self.tokens) else ""
            power = BINARY.get(sign) if self.at < len(self.tokens) and self.tokens[self.at][0] in ("sign", "name") else None
            if power is None or power < least or (not joins and sign in ("and", "or")):
                return tree
            self.at += 2 if sign == "not in" else 1
            other = self.binary(power + (sign != "^"))
            if sign in ("in", "not in"):
                tree = ("in", tree, other)
                tree = ("not", tree) if sign == "not in" else tree
            else:
                tree = ("else", tree, other) if sign == "??" else ("op", sign, tree, other)

    def unary(self):
        if self.take("not"):
            return ("not", self.binary(50))
        if self.take("-"):
            return ("neg", self.binary(200))
        if self.take("+"):
            return self.binary(200)
        tree = self.primary()
        while True:
            if self.take("."):
                name = self.tokens[self.at][1]
                self.at += 1
                if self.take("("):
                    tree = ("method", name, tree, self.arguments(")"))
                else:
                    tree = self.member(tree, name)
            elif self.take("["):
                low = None if self.peek(":") else self.ternary()
                if self.take(":"):
                    if not self.peek("]"):
                        self.ternary()
                    tree = ("call", "substring", [tree])
                else:
                    tree = self.member(tree, str(low[1]) if low[0] == "lit" else None)
                self.need("]")
            else:
                return tree

    @staticmethod
    def member(tree, name):
        return (tree[0], tree[1] + (name,)) if tree[0] in ("var", "elem") and name else ("cannot", "names that are computed")

    def primary(self):
        kind, text = self.tokens[self.at]
        if kind == "sign" and text in "([":
            return self.bracket(text)
        self.at += 1
        if kind == "number":
            value = Decimal(text)
            return ("lit", int(value) if value == int(value) and "." not in text else value)
        if kind == "text":
            return ("lit", text[1:-1])
        if kind == "template":
            return ("cannot", "string building") if "${" in text else ("lit", text[1:-1])
        if text == "{":
            return self.braces()
        if text in ("true", "false", "null"):
            return ("lit", {"true": True, "false": False, "null": None}[text])
        if kind == "name" and self.take("("):
            if text in CLOSURES:
                return self.closure(text)
            args = self.arguments(")")
            if text == "values" and args[0][0] == "record":     # the values of an object that stands there are a list that stands there
                return ("list", [t for _, t in args[0][1]])
            return ("call", text, args)
        if kind == "name":
            return ("elem", ()) if text == "#" or text in self.aliases else ("var", (text,))
        raise ValueError(f"zen {self.place}: {text} in {self.text!r}")

    def bracket(self, opening):
        self.at += 1
        if opening == "[" and self.take("]"):
            return ("list", [])
        first = self.ternary()
        if self.take(".."):
            high = self.ternary()
            return ("range", first, opening == "[", high, self.take("]", ")") == "]")
        if opening == "(":
            self.need(")")
            return first
        return ("list", [first] + (self.arguments("]") if self.take(",") else self.arguments("]")))

    def arguments(self, closing):
        found = []
        while not self.take(closing):
            found.append(self.ternary())
            if not self.peek(closing):
                self.need(",")
        return found

    def closure(self, name):
        source = self.ternary()
        if self.take("as"):
            self.aliases.append(self.tokens[self.at][1])
            self.at += 1
        self.need(",")
        body = self.ternary()
        self.need(")")
        return ("over", name, source, body)

    def braces(self):
        fields = []
        while not self.take("}"):
            kind, key = self.tokens[self.at]
            self.at += 1
            if kind == "sign":      # a computed key
                self.at -= 1
                self.bracket("[")
                key = None
            self.need(":")
            value = self.ternary()
            fields.append(((key[1:-1] if kind == "text" else key,), value))
            self.take(",")
        return ("record", fields) if all(path[0] for path, _ in fields) else ("cannot", "names that are computed")
