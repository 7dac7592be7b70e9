"""The mutation operators: each finds the sites of a file where it can change something, mechanically."""
import hashlib

from cpp import CLOSES, OPENS

RELATIONAL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "++": "--", "--": "++"}
NAMES = {"min": "max", "max": "min", "min_element": "max_element", "max_element": "min_element", "upper_bound": "lower_bound",
         "lower_bound": "upper_bound", "any_of": "all_of", "all_of": "any_of", "none_of": "all_of", "starts_with": "ends_with",
         "ends_with": "starts_with", "front": "back", "back": "front"}
CONSTANTS = {"kYes": ("kNo", "kUnknown"), "kNo": ("kUnknown", "kYes"), "kUnknown": ("kNo",), "true": ("false",), "false": ("true",),
             "kNever": ("kNoClock",), "kNoClock": ("kNever",)}
# What the operators are called in a mutant's id, by family: a family is drawn first, then one of its sites.
FAMILIES = {"relational": "< for <=, == for !=", "arithmetic": "+ for -, * for /", "number": "a constant one more or less",
            "logic": "&& for ||, a dropped side or !", "drop": "a dropped statement", "guard": "a dropped return or continue behind a condition",
            "swap": "swapped operands, arguments or choices", "result": "another result", "constant": "yes for no, no for unknown",
            "name": "min for max, any for all"}

KEYWORDS = {"return", "if", "for", "while", "switch", "case", "default", "else", "do", "break", "continue", "goto", "using", "static", "const",
            "constexpr", "auto", "struct", "class", "enum", "typedef", "template", "typename", "throw", "try", "catch", "unsigned", "static_assert",
            "public", "private", "protected", "namespace", "extern", "void", "bool", "int", "char", "long", "short", "double", "float", "union"}
SPEAKING = {"format", "assert", "static_assert", "format_to", "print"}      # only wording, or no code at all
HINTS = {"reserve", "shrink_to_fit", "assert", "setName", "pure"}           # a statement that is one of these is no clause
SAME_SWAPPED = {"min", "max", "known", "add", "mul", "kleene_and", "kleene_or", "CreateAnd", "CreateOr", "swap"}
# Functions that only tell (wording, bytes in use); mutants there change no decision.
ONLY_TELL = {"compiler/plan/layout.cc": {"occurrence_name", "days", "footprint"}, "runtime/engine/engine.cc": {"bytes", "cost"}, "runtime/engine/visitors.cc": {"bytes", "cost", "prefetch", "prefetch_block", "prefetch_name"}}
# What only runs if LLVM itself fails; no input makes it.
LLVM_FAILS = ("takeError", "consumeError", "createStringError")


class Mutant:
    def __init__(self, file, family, name, start, end, text):
        self.file, self.family, self.name = file.path, family, name
        self.start, self.end, self.text = start, end, text
        self.line, self.column = file.position(start)
        self.source = file.line(start)
        self.nth = 1        # which of the mutants of this name on such a line of the file
        self.whole = file.text

    @property
    def id(self):
        return f"{self.file}:{self.line}:{self.column}:{self.name}"

    @property
    def key(self):
        """By content, so that it outlives changes elsewhere in the file."""
        return self.file, self.source, self.name, self.nth

    def rank(self, seed):
        return hashlib.sha256(repr((seed, self.key)).encode()).digest()

    def mutated(self):
        return self.whole[:self.start] + self.text + self.whole[self.end:]

    def diff(self):
        """Before and after on one line each, blanks run together; long lines are cut around the change."""
        first = self.whole.rfind("\n", 0, self.start) + 1
        last = self.whole.find("\n", self.end)
        before = self.whole[first:last]
        after = self.whole[first:self.start] + self.text + self.whole[self.end:last]
        return " ".join(before.split()), " ".join(after.split())


def mutants(file):
    found = []

    def add(family, name, first, last, text):
        start, end = file.tokens[first].start, file.tokens[last].end
        if file.text[start:end] != text and not any(word in file.line(start) for word in LLVM_FAILS):
            found.append(Mutant(file, family, name, start, end, text))

    telling = ONLY_TELL.get(file.path, set())
    for i, t in enumerate(file.tokens):
        if not file.in_code(i) or (telling and file.function(i) in telling):
            continue
        statement(file, i, add)
        if SPEAKING.isdisjoint(file.callers(i)):
            token(file, i, t, add)
    seen = {}
    for m in sorted(found, key=lambda m: (m.start, m.name)):
        place = m.file, m.source, m.name
        m.nth = seen[place] = seen.get(place, 0) + 1
    return found


def token(file, i, t, add):
    before, behind = file[i - 1], file[i + 1]
    if t.kind == "punct":
        binary = file.blanks_around(i) and before not in ("(", ",", "=", "return", "{", "?", ":", "[", "operator")
        if t.text in RELATIONAL and binary:
            add("relational", f"{t.text}->{RELATIONAL[t.text]}", i, i, RELATIONAL[t.text])
        elif t.text in ARITHMETIC and (binary or t.text in ("++", "--")):
            add("arithmetic", f"{t.text}->{ARITHMETIC[t.text]}", i, i, ARITHMETIC[t.text])
            if t.text in ("-", "/", "%"):
                swap_operands(file, i, add)
        elif t.text in ("&&", "||") and binary:
            logic(file, i, t.text, add)
        elif t.text == "!" and behind not in ("=",):
            add("logic", "drop !", i, i, "")
        elif t.text == "?":
            swap_choices(file, i, add)
        elif t.text == "(":
            swap_arguments(file, i, add)
    elif t.kind == "number" and t.text.isdigit():
        add("number", f"{t.text}+1", i, i, str(int(t.text) + 1))
        if int(t.text) > 0:
            add("number", f"{t.text}-1", i, i, str(int(t.text) - 1))
    elif t.text in NAMES and behind == "(":
        add("name", f"{t.text}->{NAMES[t.text]}", i, i, NAMES[t.text])
    elif t.text in CONSTANTS:
        for other in CONSTANTS[t.text]:
            add("constant", f"{t.text}->{other}", i, i, other)
    elif t.text == "return" and behind not in (";", "{", "true", "false", *CONSTANTS):
        add("result", "return {}", i + 1, end_of(file, i + 1, (";",)), "{}")


# The operands of && and || reach to the next operator that binds weaker.
WEAKER = {"(", "[", "{", ",", ";", "return", "=", "+=", "-=", "|=", "&=", "?", ":", "}", ")", "]"}


def logic(file, i, op, add):
    other = "||" if op == "&&" else "&&"
    add("logic", f"{op}->{other}", i, i, other)
    stops = WEAKER | {"||"} | ({"&&"} if op == "&&" else set())
    left, right = start_of(file, i - 1, stops), end_of(file, i + 1, stops)
    if file[left - 1] != op:   # else it is the same as dropping the right side of the one before
        add("logic", f"drop left of {op}", left, i, "")
    add("logic", f"drop right of {op}", i, right, "")


def start_of(file, j, stops):
    """The first token of the operand that ends with j."""
    while j >= 0:
        if file[j] in CLOSES and file.tokens[j].partner is not None:
            opened = file.tokens[j].partner
            if file[j] == "}" and file[opened - 1] == ")" and file[j + 1] not in (")", ",", "(", "."):
                return j + 1   # a block before, not a lambda
            j = file.tokens[j].partner - 1
        elif file[j] in stops:
            return j + 1
        else:
            j -= 1
    return 0


def end_of(file, j, stops):
    """The last token of the operand that begins with j."""
    while j < len(file.tokens):
        if file[j] in OPENS and file.tokens[j].partner is not None:
            j = file.tokens[j].partner + 1
        elif file[j] in stops:
            return j - 1
        else:
            j += 1
    return len(file.tokens) - 1


def atom_before(file, j):
    while True:
        if file[j] in (")", "]"):
            j = file.tokens[j].partner
            if file.tokens[j - 1].kind == "name" and file[j - 1] not in KEYWORDS or file[j - 1] in (")", "]"):
                j -= 1
                continue
        if file[j] == "(" or file.tokens[j].kind in ("name", "number"):
            if file[j - 1] in (".", "->", "::"):
                j -= 2
                continue
            return j
        return None


def atom_behind(file, j):
    if file[j] in ("-", "*", "!", "&", "~"):
        j += 1
    if file[j] == "(":
        j = file.tokens[j].partner
    elif file.tokens[j].kind not in ("name", "number"):
        return None
    while True:
        if file[j + 1] in ("(", "["):
            j = file.tokens[j + 1].partner
        elif file[j + 1] in (".", "->", "::"):
            j += 2
        elif file[j + 1] == "<" and not file.blanks_around(j + 1):
            depth = 0
            for k in range(j + 1, min(j + 40, len(file.tokens))):
                depth += {"<": 1, ">": -1, ">>": -2}.get(file[k], 0)
                if depth <= 0:
                    break
            j = k
        else:
            return j


def swap_operands(file, i, add):
    left, right = atom_before(file, i - 1), atom_behind(file, i + 1)
    if left is not None and right is not None:
        add("swap", f"swap around {file[i]}", left, right, f"{file.source(i + 1, right)} {file[i]} {file.source(left, i - 1)}")


def swap_choices(file, i, add):
    depth, j = 0, i + 1
    while j < len(file.tokens) and (file[j] != ":" or depth):
        depth += {"?": 1, ":": -1}.get(file[j], 0)
        if file[j] in CLOSES or file[j] == ";":
            return
        j = file.tokens[j].partner + 1 if file[j] in OPENS else j + 1
    last = end_of(file, j + 1, (",", ";", ")", "]", "}"))
    add("swap", "swap choices", i + 1, last, f"{file.source(j + 1, last)} : {file.source(i + 1, j - 1)}")


def swap_arguments(file, i, add):
    end = file.tokens[i].partner
    name = file[i - 1]
    if end is None or file.tokens[i - 1].kind != "name" or name in KEYWORDS or name in SAME_SWAPPED | SPEAKING:
        return
    commas, j = [], i + 1
    while j < end:
        if file[j] == ",":
            commas.append(j)
        j = file.tokens[j].partner + 1 if file[j] in OPENS else j + 1
    if len(commas) != 1:
        return
    first, second = file.source(i + 1, commas[0] - 1), file.source(commas[0] + 1, end - 1)
    if len(first) < 80 and len(second) < 80 and file[commas[0] - 2] not in KEYWORDS:
        add("swap", "swap arguments", i + 1, end - 1, f"{second}, {first}")


def statement(file, i, add):
    """A statement that begins here, if it may be dropped."""
    t = file.tokens[i]
    if t.around is None or file.tokens[t.around].holds != "code":
        return
    before = file[i - 1]
    behind_if = before == ")" and file[file.tokens[i - 1].partner - 1] in ("if", "constexpr")
    behind_loop = before == ")" and file[file.tokens[i - 1].partner - 1] in ("for", "while")
    if not (before in (";", "{", "}", "else", "do", ":") or behind_if or behind_loop):
        return
    if before == ":" and not label_ends(file, i - 1):
        return
    if t.text in ("return", "continue", "break"):
        if behind_if:
            add("guard", f"drop {t.text}", i, end_of(file, i, (";",)), "")
        return
    if t.text in KEYWORDS or t.kind == "number" or t.text in ("}", ";", ")", "]"):
        return
    if not (t.kind == "name" or t.text in ("++", "--", "*", "(")) or declares(file, i):
        return
    last = end_of(file, i, (";", "}"))
    if file[last + 1] != ";" or HINTS & {file[k] for k in range(i, last) if file[k + 1] == "(" and file.tokens[k].around == t.around}:
        return
    add("drop", "drop", i, last, "")


def label_ends(file, i):
    j = i - 1
    while j > 0 and file[j] not in (";", "{", "}", "?"):
        if file[j] in ("case", "default"):
            return True
        j -= 1
    return False


def declares(file, i):
    """Does a declaration begin here: a type, then a name?"""
    j = i
    while file.tokens[j].kind == "name" and file[j + 1] in ("::", "<"):
        if file[j + 1] == "<":
            if file.blanks_around(j + 1):
                return False
            depth, k = 0, j + 1
            while k < len(file.tokens) - 1:
                depth += {"<": 1, ">": -1, ">>": -2}.get(file[k], 0)
                if depth <= 0:
                    break
                k += 1
            if file[k + 1] == "(":
                return False   # a call with template arguments
            j = k
            if file[j + 1] == "::":
                j += 2
                continue
            break
        j += 2
    while file[j + 1] in ("*", "&", "&&", "const"):
        j += 1
    return file.tokens[j + 1].kind == "name" or file[j + 1] == "["  and file[j] in ("auto", "&")
