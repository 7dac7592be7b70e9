"""Makes the seeds of the fuzz targets from the samples of this tree, and the dictionaries of words; called by scripts/fuzz.

usage: corpus.py OUT      writes OUT/corpus/<target>/… (what fuzzing found there stays), OUT/known/<target>/… (tests/fuzz/found, decoded)
and OUT/<target>.dict
"""
import base64, glob, hashlib, os, re, shutil, sys

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
out = sys.argv[1]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def seed(target, data, longest):
    if len(data) > longest:
        return
    folder = os.path.join(out, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as f:
        f.write(data)


def sections(path):
    """The sections of a golden or a conformance case: (name, text)."""
    parts = re.split(rb"(?m)^=== (.*)\n", read(path))
    return list(zip(parts[1::2], parts[2::2]))


def blocks(text):
    """A rule file as its blocks, each with the comment above it."""
    return [b for b in re.split(rb"(?m)^(?=(?:#.*\n)*(?:journey|segment|guarantee|test)\b)", text) if b.strip()]


files = sorted(glob.glob(os.path.join(root, "tests/golden/cases/*.golden")))
packs = sorted(glob.glob(os.path.join(root, "rules/*")))

# Rules: whole files where they are short, and a journey at a time with the segments of its pack.
rules = [read(f) for f in sorted(glob.glob(os.path.join(here, "seeds/*.polku")))]
for pack in packs:
    segments = b"".join(read(f) for f in glob.glob(os.path.join(pack, "segments.polku")))
    for f in sorted(glob.glob(os.path.join(pack, "*.polku"))):
        parts = blocks(read(f))
        tests = [b for b in parts if b.lstrip().startswith(b"test")]
        for i, part in enumerate(b for b in parts if re.search(rb"(?m)^(journey|guarantee)", b)):
            rules += [part, segments + part, segments + part + (tests[i] if i < len(tests) else b"")]
for f in files:
    rules += [text for name, text in sections(f) if name.startswith(b"rules ")]
for text in re.findall(rb"(?s)```polku\n(.*?)```", read(os.path.join(root, "docs/language.md"))):
    rules.append(text)
conformance = sorted(glob.glob(os.path.join(root, "tests/conformance/cases/*.conf")))
for f in conformance:
    for name, text in sections(f):
        text = text.split(b"---\n")[0]
        if name.startswith(b"case ") and re.match(rb"\s*(rule|journey|segment|guarantee)\b", text):
            rules.append(b'journey "J"\n' + text + b"end\n" if text.lstrip().startswith(b"rule") else text)
for text in rules:
    if len(text) > 4096:
        for part in blocks(text):
            seed("fuzz_rules", part, 4096)
    seed("fuzz_rules", text, 4096)

catalogs = [read(f) for f in sorted(glob.glob(os.path.join(here, "seeds/*.yaml")))]
catalogs += [read(os.path.join(pack, "catalog.yaml")) for pack in packs]
catalogs += [text for f in files for name, text in sections(f) if name == b"catalog"]
catalogs += [text for f in conformance for name, text in sections(f) if name == b"catalog"]
catalogs += re.findall(rb"(?s)```yaml\n(.*?)```", read(os.path.join(root, "docs/catalog.md")))
for text in catalogs:
    seed("fuzz_catalog", text, 4096)

# Logs: an even first byte is the native form, an odd one the source; half of it is the size of the pieces that are read.
logs = {"fuzz_ndjson": [], "fuzz_csv": []}
for f in files:
    for name, text in sections(f):
        if name == b"events":
            logs["fuzz_ndjson" if text.lstrip().startswith(b"{") else "fuzz_csv"].append(text)
for f in sorted(glob.glob(os.path.join(root, "rules/*/events.*")) + glob.glob(os.path.join(root, "rules/*/*.csv"))):
    lines = read(f).splitlines(keepends=True)
    head, body = (lines[:1], lines[1:]) if f.endswith(".csv") else ([], lines)
    target = "fuzz_csv" if f.endswith(".csv") else "fuzz_ndjson"
    for at in range(0, len(body), max(1, len(body) // 10)):
        logs[target].append(b"".join(head + body[at:at + 8]))
for target, ending in (("fuzz_csv", "csv"), ("fuzz_ndjson", "ndjson")):
    logs[target] += [read(f) for f in sorted(glob.glob(os.path.join(here, "seeds/*." + ending)))]
    for text in logs[target]:
        for first in (b"N", b"S", b"\x00"):
            seed(target, first + text, 8192)

# Bodies: the first byte is the form, the kind of records without a type, and (128) whether times are trusted.
for text in [read(f) for f in sorted(glob.glob(os.path.join(here, "seeds/*.json")))] + logs["fuzz_ndjson"]:
    for first in (0, 1, 2, 3, 4, 24, 128, 130):
        seed("fuzz_wire", bytes([first]) + text, 8192)

# Words: those of the grammar; the keys and types of a catalog; what logs are made of.
grammar = read(os.path.join(root, "grammar/Polku.g4")).decode()
words = sorted({w for w in re.findall(r"'([^'\s\\]+)'", grammar)} - {'"', "`", "#", "|"})
keys = sorted({w for text in catalogs for w in re.findall(r"[A-Za-z][A-Za-z/ ]*(?=:)", text.decode(errors="ignore"))})
seeds_text = b"".join(read(f) for f in sorted(glob.glob(os.path.join(here, "seeds/*")))).decode()
names = sorted(set(re.findall(r"\w{2,}", read(os.path.join(here, "fuzz.h")).decode().split('R"(')[1].split(')"')[0])))
columns = ["visitor", "at", "received", "event", "id", "asked_for", "merges", "fields", "visitor updated", "given", "refused", "null", "true", "false", "web.hero", "SALE", "CART", "ALL",
           "customer", "when", "arrived", "what", "nr", "amount", "screen", "same_as", "2026-07-01T10:00:00Z", "2026-03-29T02:30:00", "9223372036854775807", "1e18", "-0", "0.000001", "12.5%",
           "55.50 EUR", "30 minutes", "\\u00e4", "\\ud83d\\ude00", "\\ud800", "\\u0000", "e\u0301", "\ufeff", '""', "\r\n", "|", ";"]
types = ["yes/no", "whole number", "number", "money", "percent", "text", "time", "date", "duration", "list of text", "consent", "optional", "optional: true", "default: ", "is: ", "until: ",
         "&a ", "*a", "<<: ", "!!str ", "|", ">", "---", "...", "? ", "- ", '"*.items"', "400 days", "2026-12-01", "Europe/Berlin", '"21:00 to 08:00"', "last cart_updated.value",
         "number of order_placed ever", "email_opened within 2 days", "3 in 7 days"]
numbers = ["9223372036854775807", "9223372036854775808", "0", "1000", "1001", "24:00", "00:00", "31 December 9999", "29 February 2027", "1 January 1970", "400 days", "401 days", "99999999999 weeks",
           "40 EUR", "100%", "0.000001", "in the last 3 days", "before this", "with the same ", "otherwise ", "is one of [", "\n| - | nothing |\n", "visitor time", "and \n", "because unknown"]


def dictionary(target, entries):
    with open(os.path.join(out, target + ".dict"), "w") as f:
        for e in dict.fromkeys(entries):
            if 0 < len(e.encode()) <= 60:
                f.write('"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\x{b:02X}" for b in e.encode()) + '"\n')


dictionary("fuzz_rules", [" " + w + " " for w in words if w.isalpha()] + [w for w in words if not w.isalpha()] + names + numbers)
dictionary("fuzz_catalog", [k + ": " for k in keys] + types + ["cart_updated", "order_placed", "{ ", " }", "[", "]", ", "])
dictionary("fuzz_csv", columns + names)
dictionary("fuzz_ndjson", columns + names + [f'"{n}":' for n in ("visitor", "at", "event", "fields", "id", "asked_for", "merges", "received", "user", "time", "name", "properties", "traits", "page", "slots", "message")])

dictionary("fuzz_wire", columns + names + [f'"{n}":' for n in ("batch", "type", "event", "userId", "anonymousId", "previousId", "messageId", "timestamp", "originalTimestamp", "sentAt", "properties", "traits",
                                                             "context", "writeKey", "specversion", "id", "source", "subject", "time", "data", "visitor", "at", "fields", "merges")]
           + ["track", "identify", "page", "alias", "group", "},{", "undefined", "[object Object]"])

shutil.rmtree(os.path.join(out, "known"), ignore_errors=True)
# What was found before, as files again: text as it is, and what is no text as FILE.b64.
for path in sorted(glob.glob(os.path.join(here, "found/*/*"))):
    data, name = read(path), os.path.basename(path)
    if name.endswith(".b64"):
        data, name = base64.b64decode(data), name[:-4]
    folder = os.path.join(out, "known", os.path.basename(os.path.dirname(path)))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)
