"""Just enough C++ to mutate it: tokens, matching brackets, and which braces hold statements. It leans on this project's layout: a binary
operator has blanks on both sides, the brackets of a template have none inside."""
import re

PUNCTUATORS = ("<=>", "<<=", ">>=", "->*", "...", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=",
               "&=", "|=", "^=", "::")
TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<raw>R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)")
      |(?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
      |(?P<number>\.?\d(?:[\w.]|'\w|[eEpP][+-])*)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<punct>""" + "|".join(re.escape(p) for p in PUNCTUATORS) + r"|.)",
    re.X | re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
OPENS, CLOSES = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


class Token:
    __slots__ = ("kind", "text", "start", "end", "partner", "holds", "around")

    def __init__(self, kind, text, start, end):
        self.kind, self.text, self.start, self.end = kind, text, start, end
        self.partner = None   # of a bracket: the index of the other one
        self.holds = None     # of `{`: "code" (statements), "scope" (declarations) or "value" (an initializer)
        self.around = None    # index of the innermost bracket around the token

    def __repr__(self):
        return self.text


class File:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = list(tokens(text))
        self.lines = [0]
        for m in re.finditer("\n", text):
            self.lines.append(m.end())
        match_brackets(self.tokens)
        classify_braces(self.tokens)

    def __getitem__(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def position(self, offset):
        """Line and column, from 1."""
        lo, hi = 0, len(self.lines)
        while hi - lo > 1:
            mid = (lo + hi) // 2
            lo, hi = (mid, hi) if self.lines[mid] <= offset else (lo, mid)
        return lo + 1, offset - self.lines[lo] + 1

    def line(self, offset):
        number = self.position(offset)[0]
        return self.text[self.lines[number - 1]:].split("\n", 1)[0].strip()

    def blanks_around(self, i):
        t = self.tokens[i]
        return self.text[t.start - 1].isspace() and self.text[t.end].isspace()

    def source(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    def in_code(self, i):
        around = self.tokens[i].around
        while around is not None:
            if self.tokens[around].holds == "code":
                return True
            around = self.tokens[around].around
        return False

    def callers(self, i):
        """The names before the parentheses around the token, from the innermost one, up to the statement."""
        around = self.tokens[i].around
        while around is not None and self.tokens[around].holds != "code":
            if self[around] == "(" and around > 0 and self.tokens[around - 1].kind == "name":
                yield self[around - 1]
            around = self.tokens[around].around

    def function(self, i):
        """The name of the outermost function around the token."""
        around, body = self.tokens[i].around, None
        while around is not None:
            if self.tokens[around].holds == "code":
                body = around
            around = self.tokens[around].around
        if body is None:
            return ""
        j = body - 1
        while j > 0 and self[j] not in (";", "}", "{"):
            j = self.tokens[j].partner - 1 if self[j] in CLOSES else j - 1
        while j < body and not (self[j + 1] == "(" and self.tokens[j].kind == "name"):
            j += 1
        return self[j] if j < body else ""


def tokens(text):
    directives = [(m.start(), m.end()) for m in DIRECTIVE.finditer(text)]
    at, d = 0, 0
    while at < len(text):
        while d < len(directives) and directives[d][1] <= at:
            d += 1
        if d < len(directives) and directives[d][0] <= at:
            at = directives[d][1]
            continue
        m = TOKEN.match(text, at)
        end = m.end()
        if m.lastgroup == "skip" and d < len(directives) and directives[d][0] < end and text[at].isspace():
            end = max(directives[d][0], at + 1)
        elif m.lastgroup != "skip":
            yield Token("string" if m.lastgroup in ("raw", "mark") else m.lastgroup, m.group(), at, end)
        at = end


def match_brackets(toks):
    stack = []
    for i, t in enumerate(toks):
        if t.kind == "punct" and t.text in CLOSES and stack:
            opened = stack.pop()
            toks[opened].partner, t.partner = i, opened
        t.around = stack[-1] if stack else None
        if t.kind == "punct" and t.text in OPENS:
            stack.append(i)


def classify_braces(toks):
    for i, t in enumerate(toks):
        if t.kind == "punct" and t.text == "{":
            t.holds = brace_holds(toks, i)


def brace_holds(toks, i):
    around = toks[i].around
    inside_code = around is not None and toks[around].holds == "code"
    before = toks[i - 1] if i else None
    if before is None:
        return "scope"
    head, j = [], i - 1   # what stands between the brace and the statement's beginning, brackets left out
    while j >= 0 and toks[j].text not in (";", "{", "}", "(", "["):
        head.append(toks[j].text)
        j = toks[j].partner - 1 if toks[j].text in CLOSES and toks[j].partner is not None else j - 1
    if "namespace" in head or "extern" in head and before.kind == "string":
        return "scope"
    if ("struct" in head or "class" in head or "enum" in head or "union" in head) and before.text != ")":
        return "scope"
    if before.text in (")", "]", "else", "do", "try", "const", "noexcept", "override", "mutable"):
        return "code"
    if before.text in ("{", "}", ";", ":"):
        return "code"
    if "->" in head and ")" in head:
        return "code"   # a return type stands behind the parameters
    return "value" if inside_code or before.kind in ("name", "punct") else "scope"
