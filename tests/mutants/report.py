"""What became of the mutants: the report, and the list of those that are known to be equivalent."""
import json
import os


def read_survivors(path):
    """The entries of survivors.txt: key -> reason, and all keys in order."""
    known, order, entry = {}, [], {}

    def finish(number):
        if not entry:
            return
        missing = {"file", "line", "mutant", "why"} - entry.keys()
        if missing:
            raise ValueError(f"{path}:{number}: an entry without {', '.join(sorted(missing))}")
        name, _, nth = entry["mutant"].rpartition(" #") if " #" in entry["mutant"] else (entry["mutant"], "", "1")
        key = entry["file"], entry["line"], name, int(nth)
        if key in known:
            raise ValueError(f"{path}:{number}: the entry stands there twice")
        known[key] = entry["why"]
        order.append(key)
        entry.clear()

    number = 0
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("#"):
                continue
            if not line.strip():
                finish(number)
                continue
            word, colon, rest = line.partition(": ")
            if not colon or word not in ("file", "line", "mutant", "why") or word in entry:
                raise ValueError(f"{path}:{number}: not `file: …`, `line: …`, `mutant: …` or `why: …`, once each")
            entry[word] = rest.strip()
    finish(number + 1)
    return known, order


def entry_of(m):
    """As survivors.txt wants it; the reason is still to be written."""
    return f"file: {m.file}\nline: {m.source}\nmutant: {m.name} #{m.nth}\nwhy: "


def tally(trials):
    n = {v: sum(t.verdict == v for t in trials) for v in ("caught", "survived", "equivalent", "no code", "same code")}
    n["all"] = n["caught"] + n["survived"] + n["equivalent"]
    return n


def share(n):
    concerned = n["caught"] + n["survived"]
    return 100.0 * n["caught"] / concerned if concerned else 100.0


def write(folder, trials, a, build):
    rows = []
    for t in trials:
        before, after = t.mutant.diff()
        rows.append({"id": t.mutant.id, "stage": t.stage, "family": t.mutant.family, "verdict": t.verdict, "by": t.by, "how": t.how, "why": t.why,
                     "before": before, "after": after, "line": t.mutant.source, "nth": t.mutant.nth, "seconds": round(t.seconds, 1)})
    with open(os.path.join(folder, "results.json.new"), "w", encoding="utf-8") as f:
        json.dump({"seed": a.seed, "count": a.count, "tree": os.path.basename(build.tree), "mutants": rows}, f, indent=1)
    os.replace(os.path.join(folder, "results.json.new"), os.path.join(folder, "results.json"))
    with open(os.path.join(folder, "report.md"), "w", encoding="utf-8") as f:
        f.write(markdown(trials, a))


def markdown(trials, a):
    n = tally(trials)
    out = [f"# Mutants, seed {a.seed}", "",
           f"{n['all']} mutants: {n['caught']} caught, {n['equivalent']} equivalent (written down), {n['survived']} survived: {share(n):.1f} % of "
           "those that are not equivalent are caught. "
           f"Replaced: {n['no code']} that do not compile, {n['same code']} with the same machine code.", "",
           "| stage | mutants | caught | equivalent | survived |", "|---|---|---|---|---|"]
    for title, of in (("stage", lambda t: t.stage), ("operator", lambda t: t.mutant.family)):
        if title == "operator":
            out += ["", "| operator | mutants | caught | equivalent | survived |", "|---|---|---|---|---|"]
        for group in sorted({of(t) for t in trials}):
            g = tally([t for t in trials if of(t) == group])
            out.append(f"| {group} | {g['all']} | {g['caught']} | {g['equivalent']} | {g['survived']} |")
    out += ["", "| caught by | mutants |", "|---|---|"]
    judges = [t.by for t in trials if t.by]
    out += [f"| {j} | {judges.count(j)} |" for j in sorted(set(judges), key=lambda j: (-judges.count(j), j))]
    for verdict, title in (("survived", "Survivors"), ("equivalent", "Equivalent, written down")):
        chosen = [t for t in trials if t.verdict == verdict]
        if chosen:
            out += ["", f"## {title}", ""]
        for t in chosen:
            before, after = t.mutant.diff()
            out += [f"`{t.mutant.id}`" + (f": {t.why}" if t.why else ""), "", "```diff", f"- {before}", f"+ {after}", "```", ""]
    return "\n".join(out) + "\n"


def summary(trials, a):
    n = tally(trials)
    if a.written_down:
        wrong = [t for t in trials if t.verdict != "survived"]
        for t in wrong:
            print(f"survivors.txt says equivalent, but it is {t.verdict}{' by ' + t.by if t.by else ''}: {t.mutant.id}")
        print(f"{len(trials) - len(wrong)} passed, {len(wrong)} failed")
        return 1 if wrong else 0
    for t in trials:
        if t.verdict == "survived":
            before, after = t.mutant.diff()
            print(f"\nSurvived: {t.mutant.id}\n  - {before}\n  + {after}\nIf it changes nothing that can be seen, for tests/mutants/survivors.txt:")
            print(entry_of(t.mutant))
    print(f"\n{n['all']} mutants, {n['caught']} caught, {n['equivalent']} equivalent (written down), {n['survived']} survived; "
          f"{n['no code']} did not compile, {n['same code']} had the same code; seed {a.seed}")
    good = n["all"] > 0 and share(n) >= 95.0
    print(f"{share(n):.1f} % caught" + ("" if good else ": below 95 %"))
    print(f"{n['caught'] + n['equivalent']} passed, {n['survived']} failed")
    return 0 if good else 1
