"""Says a case of an external suite in Polku's words: what the catalog must declare, what is done, what the log holds.

Nothing is worked out here: every operator, function and literal of the case stands in the text that the compiler gets.
The inputs are fields of an event of their own, by the types of their JSON values. A list that is summed, counted or asked of is
a number of events, one for each element. README.md has the rest.
"""
import itertools
import re
from datetime import datetime
from decimal import Decimal

OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGNED, FALLBACK, PRIMARY = range(1, 10)    # how tightly a text holds together
NUMBERS = {"whole number", "number"}
COMPARISONS = {"==": "is", "===": "is", "!=": "is not", "!==": "is not", "<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
CELL_SIGNS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"} | {u: u for u in ("second", "minute", "hour", "day", "week")}
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(Z|\+00:00)?")

# Why a case is not said.
LISTS = "lists and objects as values"
FOLDS = "higher-order functions over lists: lists as results, lists in lists, folds"
NULL = "null as a value: it counts as 0, no or \"\" there, and is not known here"
NULL_THERE = "null as a value: a field that is null is there, and is missing here"
PICKED = "and, or that pick a value"
CHOICE = "a choice inside an expression"
TEXTS = "string building"
TYPES = "type conversions and questions about types"
ZONE = "a time zone for one value"
NO_LIST = "error cases: no list, or nothing to ask of it"
THROWN = "error cases: exceptions thrown by name"
# Why the compiler must refuse it; that is checked.
MIXED = "must not compile: types mixed"
TRUTH = "must not compile: the truth of a value that is no yes/no"
ORDER = "must not compile: an order of texts or of yes and no"
EMPTY = "must not compile: a list without values"

REASONS = dict.fromkeys(("string", "number", "bool", "isNumeric", "type"), TYPES)
REASONS |= dict.fromkeys(("cat", "format", "monthString", "weekdayString", "trim", "split"), TEXTS)
REASONS |= dict.fromkeys(("keys", "values", "merge", "mergeDeep"), LISTS)
REASONS |= dict.fromkeys(("tz", "offsetName"), ZONE)
REASONS |= {"rand": "chance", "fuzzyMatch": "likeness of texts"}
# Functions that the language does not have, by what they would be called; others stand under their own names.
PARTS, MONTHS_BETWEEN = "parts of a date", "months and years between dates"
FUNCTIONS = {"%": "remainder", "^": "power", "len": "length of a text", "upper": "upper and lower case", "lower": "upper and lower case",
             "startOf": "start and end of a day, month …", "endOf": "start and end of a day, month …", "set": "a date with another year, month …",
             "matches": "patterns", "extract": "patterns", "substr": "substring"}
FUNCTIONS |= dict.fromkeys(("floor", "ceil", "round", "trunc"), "rounding")
FUNCTIONS |= dict.fromkeys(("year", "month", "day", "weekday", "hour", "minute", "second", "dayOfYear", "quarter", "monthOfYear", "dayOfMonth",
                            "dayOfWeek", "weekOfYear", "isLeapYear", "timestamp", "time", "isToday", "isYesterday", "isTomorrow"), PARTS)


class Skip(Exception):
    """The case cannot be said; the reason."""


class Kind:
    """A type; one that is not known yet becomes that of what it is used with."""

    def __init__(self, type=None):
        self._type, self._same = type, None

    def root(self):
        return self._same.root() if self._same else self

    @property
    def type(self):
        return self.root()._type

    def wanted(self, other):
        a, b = self.root(), other.root()
        if a is not b and a._type is None:
            a._same = b
        elif a is not b and b._type is None:
            b._same = a


class Expr:
    """text in Polku; field: that it names, if it is one; null: known to be null."""

    def __init__(self, text, kind, level=PRIMARY, field=None, null=False):
        self.text, self.level, self.field, self.null = text, level, field, null
        self.kind = kind if isinstance(kind, Kind) else Kind(kind)

    @property
    def type(self):
        return self.kind.type

    def at(self, level):
        return self.text if self.level >= level else f"({self.text})"


class Field:
    """A field of an event. values: what its records hold, one for the case's own event, one for each element of a list."""

    def __init__(self, name, type, values):
        self.name, self.kind, self.values = name, Kind(type), values


class Items:
    """The elements of a list as events. where: filters, body: what `map` makes of an element."""

    def __init__(self, event, elements, absent):
        self.event, self.elements, self.absent, self.fields, self.where, self.body = event, elements, absent, {}, [], None

    def filtered(self, *more):
        parts = [*self.where, *more]
        if not parts:
            return self.event
        return f"{self.event} where " + (parts[0].text if len(parts) == 1 else " and ".join(p.at(AND) for p in parts))


class Branch:
    """What is done if the guards, (condition, whether it must hold), are so. params: the values sent; shape: how to read them."""

    def __init__(self, guards, params, *shape):
        self.guards, self.params, self.shape = guards, params, shape


class Words:
    """One case. After say(): branches, fields, lists (Items), cell (subject, sign, value), and why it must not compile, if so."""

    def __init__(self, case, number):
        self.case, self.number, self.event = case, number, f"e{number}"
        self.fields, self.lists, self.lacking, self.must_not = {}, [], set(), None
        self.items, self.branches, self.cell = None, [], None

    def say(self):
        tree = self.case.tree
        self.branches = self.branch(tree, [])
        if self.case.place.startswith("unary") and tree[0] == "op" and tree[1] in CELL_SIGNS and tree[2] == ("var", ("$",)):
            self.cell = self.value(tree[2]), CELL_SIGNS[tree[1]], self.value(tree[3])
        if self.lacking:
            raise Skip("missing function: " + ", ".join(sorted(self.lacking)))
        for f in itertools.chain(self.fields.values(), *(i.fields.values() for i in self.lists)):
            f.kind.wanted(Kind("text"))     # never used with anything: any type will do
        return self

    # ---- results ----

    def branch(self, tree, guards):
        if tree[0] == "if":
            found = []
            for condition, value in tree[1]:
                c = self.condition(self.value(condition))
                found += self.branch(value, guards + [(c, True)])
                guards = guards + [(c, False)]
            return found + (self.branch(tree[2], guards) if tree[2] is not None else [])
        if tree[0] == "record":
            fields = list(flat(tree))
            if not fields:
                raise Skip(LISTS)
            if len(fields) == 1 and fields[0][1][0] == "if":    # a choice of what is set is a choice between settings
                (path, (_, cases, last)), = fields
                settings = [(c, ("record", [(path, v)])) for c, v in cases]
                return self.branch(("if", settings, last and ("record", [(path, last)])), guards)
            return [Branch(guards, [self.result(t) for _, t in fields], "record", [path for path, _ in fields])]
        if tree[0] == "missing":
            if not tree[1]:
                raise Skip(LISTS)
            return [Branch(guards, [self.presence(path, "missing") for path in tree[1]], "missing", [".".join(p) for p in tree[1]])]
        if tree[0] == "missing_some":
            ways = [" and ".join(self.presence(p, "given").text for p in some) for some in itertools.combinations(tree[2], tree[1])]
            enough = Expr(" or ".join(ways), "yes/no", OR)
            met = Branch(guards + [(enough, True)], [Expr("yes", "yes/no")], "nothing missing")
            return [met, *self.branch(("missing", tree[2]), guards + [(enough, False)])]
        return [Branch(guards, [self.result(tree)], "value")]

    def result(self, tree):
        e = self.value(tree[2][0] if tree[:2] == ("call", "dateString") else tree)    # a decision prints its dates itself
        return self.as_time(e) if e.type == "date" and e.text[0].isdigit() else e

    # ---- values ----

    def value(self, tree):
        return getattr(self, "say_" + tree[0])(*tree[1:])

    def say_cannot(self, reason):
        raise Skip(reason)

    def say_lit(self, v):
        if v is None:
            return self.nothing(null=True)
        if isinstance(v, bool):
            return Expr("yes" if v else "no", "yes/no")
        if isinstance(v, str):
            return Expr(quoted(v), "text")
        text = format(v, "f") if isinstance(v, Decimal) else str(v)
        if len(text.partition(".")[2]) > 6:
            raise Skip("numbers beyond 6 decimals")
        return Expr(text, "number" if "." in text else "whole number", SIGNED if v < 0 else PRIMARY)

    def nothing(self, null):
        """A value that is not there: null, or an error of a kind that the language does not have."""
        return self.field(f"none{len(self.fields)}", None, None, null)

    def field(self, name, type, value, null=False):
        f = self.fields.setdefault(name, Field(name, type, [value]))
        return Expr(f"{self.event}.{name}", f.kind, field=f, null=null)

    def say_fail(self):
        if self.case.tree == ("fail",):
            raise Skip(THROWN)
        return self.nothing(null=False)

    def say_list(self, trees):
        if not trees or any(t[0] != "lit" or not isinstance(t[1], str) for t in trees):
            raise Skip(LISTS)
        return Expr("[" + ", ".join(quoted(t[1]) for t in trees) + "]", "list of text")

    def say_record(self, fields):
        raise Skip(LISTS)

    def say_if(self, cases, last):
        raise Skip(CHOICE)

    def say_missing_some(self, n, paths):
        raise Skip(CHOICE)

    def say_missing(self, paths):
        ways = [self.presence(p, "missing").text for p in paths]    # asked as a condition: an empty list is false there
        return Expr(" or ".join(ways), "yes/no", OR if len(ways) > 1 else COMPARE)

    def look(self, path):
        """Whether the input has the path, and the value there."""
        at = self.case.data
        for key in path:
            if isinstance(at, dict) and key in at:
                at = at[key]
            elif isinstance(at, list) and key.isdigit() and int(key) < len(at):
                at = at[int(key)]
            else:
                return False, None
        return True, at

    def say_var(self, path):
        _, v = self.look(path)
        if type_of(v) == "list":
            raise Skip(LISTS)
        return self.field(field_name(path), type_of(v), v, null=v is None)

    def say_elem(self, path):
        items = self.items
        if items is None or (items.body is not None and path):
            raise Skip(FOLDS)
        if items.body is None:
            f = self.element_field(items, path)
            return Expr(f.name, f.kind)
        body, items.body = items.body, None
        e = self.value(body)
        items.body = body
        return e

    def say_neg(self, a):
        e = self.number_of(self.value(a))
        return Expr("-" + (f"({e.text})" if e.text.startswith("-") else e.at(SIGNED)), e.kind, SIGNED)

    def say_sum1(self, a):
        e = self.number_of(self.value(a))
        return Expr(e.text, e.kind if e.type in NUMBERS else "whole number", e.level)

    def say_truth(self, a):
        e = self.value(a)
        if e.type not in ("yes/no", None):
            raise Skip(PICKED)
        return self.condition(e)

    def say_not(self, a):
        return Expr("not " + self.condition(self.value(a)).at(NOT), "yes/no", NOT)

    def say_else(self, a, b):
        x, y = self.value(a), self.value(b)
        x.kind.wanted(y.kind)
        if x.type != y.type and not {x.type, y.type} <= NUMBERS:
            self.refuse(MIXED)
        return Expr(f"{x.at(FALLBACK)} otherwise {y.at(PRIMARY)}", "number" if "number" in (x.type, y.type) else x.kind, FALLBACK)

    def say_op(self, sign, a, b):
        if sign in ("===", "!==") and (a == ("lit", None)) != (b == ("lit", None)):     # null is asked for by `is missing`
            e = self.value(b if a == ("lit", None) else a)
            return Expr(f"{e.at(SUM)} is {'missing' if sign == '===' else 'given'}", "yes/no", COMPARE)
        x, y = self.value(a), self.value(b)
        if x.null or y.null:
            raise Skip(NULL)
        if sign in ("and", "or"):
            level = AND if sign == "and" else OR
            return Expr(f"{self.condition(x).at(level)} {sign} {self.condition(y).at(level + 1)}", "yes/no", level)
        x.kind.wanted(y.kind)
        if "list of text" in (x.type, y.type):
            raise Skip(LISTS)
        return self.compare(sign, x, y) if sign in COMPARISONS else self.arithmetic(sign, x, y)

    def compare(self, sign, x, y):
        x.kind.wanted(y.kind)
        kinds = {x.type, y.type}
        if len(kinds) > 1 and not kinds <= NUMBERS and kinds != {"time", "date"}:
            self.refuse(MIXED)
        elif sign in ("<", "<=", ">", ">=") and kinds & {"text", "yes/no"}:
            self.refuse(ORDER)
        return Expr(f"{x.at(SUM)} {COMPARISONS[sign]} {y.at(SUM)}", "yes/no", COMPARE)

    def arithmetic(self, sign, x, y):
        if sign in ("%", "^"):
            return self.lacks(FUNCTIONS.get(sign, sign), "number")
        if sign == "+" and x.type == y.type == "text" and self.case.suite == "zen":
            raise Skip(TEXTS)
        if sign in "+-" and y.type == "duration" and x.type in ("date", "time"):
            x, type = self.as_time(x), "time"
        elif sign in "+-" and x.type == y.type == "duration":
            type = "duration"
        elif sign == "-" and x.type == y.type and x.type in ("date", "time"):
            type = "duration"
        else:
            x, y = self.number_of(x), self.number_of(y)
            type = "whole number" if x.type == y.type == "whole number" and sign != "/" else "number"
        level = SUM if sign in "+-" else PRODUCT
        return Expr(f"{x.at(level)} {sign} {y.at(level + 1)}", type, level)

    def say_in(self, x, where):
        if where[0] == "range":
            e, low, high = self.value(x), self.value(where[1]), self.value(where[3])
            above, below = self.compare(">=" if where[2] else ">", e, low), self.compare("<=" if where[4] else "<", e, high)
            return Expr(f"{above.text} and {below.text}", "yes/no", AND)
        if where[0] == "over" or (where[0] == "var" and type_of(self.look(where[1])[1]) == "list"):
            return self.say_over("some", where, ("op", "==", ("elem", ()), x))
        e = self.value(x)
        if where[0] != "list":
            return self.text_test("contains", self.value(where), e)
        listed = [self.value(t) for t in where[1]]
        if not listed:
            self.refuse(EMPTY)
        if any(v.type != e.type and not {v.type, e.type} <= NUMBERS for v in listed):
            self.refuse(MIXED)
        return Expr(f"{e.at(SUM)} is one of [{', '.join(v.at(SUM) for v in listed)}]", "yes/no", COMPARE)

    def text_test(self, word, a, b):
        if a.type not in ("text", "list of text") or b.type != "text":
            self.refuse(MIXED)
        return Expr(f"{a.at(SUM)} {word} {b.at(SUM)}", "yes/no", COMPARE)

    def presence(self, path, word):
        _, v = self.look(path)
        if isinstance(v, (dict, list)):
            raise Skip(LISTS)
        return Expr(f"{self.field(field_name(path), type_of(v), v).text} is {word}", "yes/no", COMPARE)

    def say_given(self, path):
        if self.look(path) == (True, None):
            raise Skip(NULL_THERE)
        return self.presence(path, "given")

    # ---- types ----

    def refuse(self, why):
        self.must_not = self.must_not or why

    def lacks(self, function, type):
        self.lacking.add(function)
        return Expr("", type)

    def condition(self, e):
        return self.of(e, {"yes/no"}, TRUTH)

    def number_of(self, e):
        return self.of(e, {"number", "whole number", "duration"}, MIXED)

    def of(self, e, types, refusal):
        if e.null:
            raise Skip(NULL)
        if e.type == "list of text":
            raise Skip(LISTS)
        e.kind.wanted(Kind("yes/no" if refusal == TRUTH else "number"))
        if e.type not in types:
            self.refuse(refusal)
        return e

    # ---- lists ----

    def source(self, tree):
        """The list as events."""
        if tree[0] == "over" and tree[1] in ("filter", "map"):
            items = self.source(tree[2])
            if items.body is not None:
                raise Skip(FOLDS)
            if tree[1] == "map":
                items.body = tree[3]
            else:
                items.where.append(self.inside(items, tree[3]))
            return items
        absent = False
        if tree[0] == "var":
            found, elements = self.look(tree[1])
            absent = not found
            if found and not isinstance(elements, list):
                raise Skip(FOLDS)
        elif tree[0] == "list":
            elements = [self.constant(t) for t in tree[1]]
        else:
            raise Skip(tree[1] if tree[0] == "cannot" else FOLDS)
        self.lists.append(Items(f"i{self.number}_{len(self.lists)}", elements or [], absent))
        return self.lists[-1]

    def constant(self, tree):
        if tree[0] == "lit":
            return tree[1]
        if tree[0] == "neg" and tree[1][0] == "lit":
            return -tree[1][1]
        if tree[0] == "record":
            return {path[0]: self.constant(t) for path, t in tree[1]}
        if tree[:2] == ("call", "d") and len(tree[2]) == 1:
            return Instant(tree[2][0][1])
        raise Skip("lists of computed values")

    @staticmethod
    def element_field(items, path):
        name = field_name(path or ("value",))
        if name not in items.fields:
            values = items.elements
            for key in path:
                values = [v.get(key) if isinstance(v, dict) else None for v in values]
            kinds = {type_of(v) for v in values}
            if None in kinds or "list" in kinds or "list of text" in kinds:
                raise Skip(NULL if None in kinds else FOLDS)
            kind = "number" if kinds == NUMBERS else "time" if kinds == {"time", "date"} else kinds.pop() if len(kinds) == 1 else None
            if values and kind is None:
                raise Skip("lists of values of several types")
            items.fields[name] = Field(name, kind, values)
        return items.fields[name]

    def inside(self, items, body):
        outer, self.items = self.items, items
        e = self.condition(self.value(body))
        self.items = outer
        return e

    def say_over(self, kind, source, body):
        if self.items is not None or kind in ("filter", "map", "flatMap"):
            raise Skip(FOLDS)
        items = self.source(source)
        if items.absent:
            raise Skip(NO_LIST)
        p = self.inside(items, body)
        what = items.filtered(p)
        if kind in ("all", "all, of some"):
            no_other = f"not {items.filtered(Expr('not ' + p.at(NOT), 'yes/no', NOT))} happened ever"
            if kind == "all":
                return Expr(no_other, "yes/no", NOT)
            return Expr(f"{items.filtered()} happened ever and {no_other}", "yes/no", AND)
        if kind == "some":
            return Expr(f"{what} happened ever", "yes/no", COMPARE)
        if kind == "none":
            return Expr(f"not {what} happened ever", "yes/no", NOT)
        if kind == "one":
            return Expr(f"number of {what} ever is 1", "yes/no", COMPARE)
        return Expr(f"number of {what} ever", "whole number")

    def aggregate(self, word, tree):
        items = self.source(tree)
        if word == "number":
            return Expr(f"number of {items.filtered()} ever", "whole number")
        if items.body is not None and items.body[0] != "elem":
            raise Skip("the sum, the highest … of something computed")
        f = self.element_field(items, items.body[1] if items.body else ())
        f.kind.wanted(Kind("whole number"))
        if f.kind.type not in NUMBERS | {"date", "time"}:
            raise Skip("lists of values of several types")
        where = items.filtered()[len(items.event):]
        return Expr(f"{word} of {items.event}.{f.name}{where} ever", "number" if word == "average" else f.kind)

    # ---- functions ----

    def say_call(self, name, args):
        word = {"sum": "sum", "avg": "average", "min": "lowest", "max": "highest", "len": "number"}.get(name)
        if word and (args[0][0] in ("list", "over") or (args[0][0] == "var" and isinstance(self.look(args[0][1])[1], list))):
            return self.aggregate(word, args[0])
        if name == "contains":
            return self.say_in(args[1], args[0])
        if name in ("startsWith", "endsWith"):
            return self.text_test("starts with" if name == "startsWith" else "ends with", self.value(args[0]), self.value(args[1]))
        if name in ("d", "date"):
            return self.moment(args)
        if name == "duration":
            return self.duration(args[0][1])
        return self.unsaid(name)

    def say_method(self, name, on, args):
        signs = {"isBefore": "<", "isAfter": ">", "isSame": "==", "isSameOrBefore": "<=", "isSameOrAfter": ">="}
        if name in signs:
            x, y = self.value(on), self.value(args[0])
            by_day = args[1:] == [("lit", "day")] and x.type == y.type == "date"    # days are what dates are compared by
            return self.compare(signs[name], x, y) if by_day or not args[1:] else self.lacks(PARTS, "yes/no")
        if name in ("add", "sub"):
            length = "".join(str(t[1]) for t in args)
            return self.arithmetic("+" if name == "add" else "-", self.value(on), self.duration(length))
        if name == "diff":
            return self.difference(self.value(on), self.value(args[0]), args[1][1])
        if name == "isValid":
            return Expr(f"{self.as_time(self.value(on)).text} is given", "yes/no", COMPARE)
        return self.unsaid(name)

    def unsaid(self, name):
        if name in REASONS or name == "dateString":
            raise Skip(REASONS.get(name, TEXTS))
        return self.lacks(FUNCTIONS.get(name, name), "number")

    def difference(self, x, y, unit):
        """Whole units there, the exact quotient here: the same where neither side is finer than the unit."""
        ends = {"second": "", "minute": ":00", "hour": ":00:00", "day": "00:00:00"}
        if unit not in UNITS:
            return self.lacks(MONTHS_BETWEEN, "number")
        clocks = [e.field.values[0][11:19] if e.field else "00:00:00" for e in (x, y)]
        if unit not in ends or not all(c.endswith(ends[unit]) for c in clocks):
            return self.lacks("rounding", "number")
        return Expr(f"({self.arithmetic('-', x, y).text}) / 1 {unit}", "number", PRODUCT)

    def moment(self, args):
        if not args:
            raise Skip("the present")
        if len(args) > 1:
            raise Skip(ZONE)
        if args[0][0] != "lit":
            raise Skip(TYPES)
        text = args[0][1] or ""
        if "/" in text:
            raise Skip(ZONE)
        day = day_of(text)
        if day:
            return Expr(f"{day.day} {MONTHS[day.month - 1]} {day.year}", "date")
        m = TIME.fullmatch(text)
        return self.field(f"t{len(self.fields)}", "time", f"{m[1]}T{m[2]}{m[3] or ':00'}Z" if m else text or None)

    def as_time(self, e):
        """A day is its first instant. The language has no literal for an instant, so it comes as a field."""
        if e.type != "date":
            return e
        if not e.text[0].isdigit():
            raise Skip("a length of time added to a date")
        day, month, year = e.text.split()
        return self.field(f"t{len(self.fields)}", "time", f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}T00:00:00Z")

    def duration(self, text):
        parts = re.findall(r"(\d+)\s*([A-Za-z]+)", text)
        if not parts or not all(u in UNITS for _, u in parts):
            return self.lacks(MONTHS_BETWEEN, "duration")
        return Expr(" + ".join(f"{n} {UNITS[u]}" + ("s" if n != "1" else "") for n, u in parts), "duration", SUM if len(parts) > 1 else PRIMARY)


class Instant(str):
    """A date or time in a list."""


def flat(tree, path=()):
    """The fields of an object of objects, by their paths."""
    for p, t in tree[1]:
        if t[0] == "record":
            yield from flat(t, path + p)
        else:
            yield path + p, t


def day_of(text):
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return None


def type_of(v):
    if v is None:
        return None
    if isinstance(v, bool):
        return "yes/no"
    if isinstance(v, Instant):
        return "date" if day_of(v) else "time"
    if isinstance(v, str):
        return "text"
    if isinstance(v, (int, Decimal)):
        return "whole number" if isinstance(v, int) else "number"
    return "list of text" if isinstance(v, list) and v and all(isinstance(t, str) for t in v) else "list"


def field_name(path):
    return "f_" + "_".join(re.sub(r"\W", "_", key) for key in path)


def quoted(text):
    if "\n" in text:
        raise Skip("a text of several lines")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
