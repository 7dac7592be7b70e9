"""What must catch a mutant: the tests of ctest whose programs hold the mutated code, and the differential run at two sizes."""
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import time

MEMORY = 6 << 30   # a mutant that takes more is caught
running = set()    # process groups of judges at work
DIFFERENCE = re.compile(rb"^(Difference: |Pack \d+ does not compile)", re.M)


class Judge:
    def __init__(self, name, command, programs, folder, environment=None, passes=None, skips=None):
        self.name, self.command, self.programs, self.folder = name, command, programs, folder
        self.environment, self.passes, self.skips = environment or {}, passes, skips
        self.cpu = None   # seconds on the clean tree

    def run(self, moved=None):
        """None if it passes, else how it failed. `moved`: program -> where the mutated one is."""
        moved = moved or {}

        def place(word):
            for program, path in moved.items():
                word = re.sub(re.escape(self.programs[program]) + r"(?![\w-])", path, word) if program in self.programs else word
            return word

        cpu = 7200 if self.cpu is None else int(3 * self.cpu) + 5
        wall = 7200 if self.cpu is None else 10 * cpu + 60

        environment = {**os.environ, **{k: place(v) for k, v in self.environment.items()}}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryFile() as out:
            run = subprocess.Popen([place(w) for w in self.command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
            for what, limit in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
                try:
                    resource.prlimit(run.pid, what, (limit, limit + 5 if limit else 0))
                except ProcessLookupError:
                    pass   # it has ended already
            running.add(run.pid)
            how, seen, started = None, 0, time.monotonic()
            try:
                while how is None:
                    try:
                        run.wait(timeout=0.2 if time.monotonic() - started < 5 else 1)
                        break
                    except subprocess.TimeoutExpired:
                        pass
                    if time.monotonic() - started > wall:
                        how = "takes too long"
                    said = self.text(out, seen)
                    seen += said.rfind(b"\n") + 1
                    if DIFFERENCE.search(said):
                        how = first_line(said)
            finally:
                running.discard(run.pid)
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)
                    run.wait()
            said = self.text(out, 0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if how:
            return how
        if self.skips and re.search(self.skips.encode(), said):
            return "skipped"
        if run.returncode < 0 or run.returncode > 128:   # a shell's way to say that its command died
            died = -run.returncode if run.returncode < 0 else run.returncode - 128
            return "takes too long" if died in (signal.SIGXCPU, signal.SIGKILL) else f"died of signal {died}"
        if self.passes:
            return None if re.search(self.passes.encode(), said) else first_line(said) or "says other things"
        return None if run.returncode == 0 else first_line(said) or f"exit code {run.returncode}"

    @staticmethod
    def text(out, begin):
        return os.pread(out.fileno(), 1 << 26, begin)


def stop_all():
    for group in list(running):
        os.killpg(group, signal.SIGKILL)


def first_line(said):
    lines = said.decode(errors="replace").splitlines()
    for pattern in (r"^(Difference|Pack \d+ does)", r"^(FAIL|FAILED|.*\bFAILED\b|.*Failure$)", r"died|error|failing"):
        for line in lines:
            if re.search(pattern, line):
                return line.strip()[:160]
    return lines[-1].strip()[:160] if lines else ""


def of_ctest(build, wanted, unwanted):
    """The tests whose names match, as far as their programs are built."""
    shown = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build.folder, stdout=subprocess.PIPE, check=True).stdout
    found = []
    for test in json.loads(shown)["tests"]:
        command = test.get("command")
        if not command or not re.search(wanted, test["name"]) or re.search(unwanted, test["name"]):
            continue
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        environment = dict(e.split("=", 1) for e in properties.get("ENVIRONMENT", []))
        named = [w for w in command if w.startswith(build.folder + "/")] or list(environment.values())   # a script finds its program in the latter
        programs = {p: os.path.join(build.folder, p) for p in build.linked}
        programs = {p: path for p, path in programs.items() if path in named}
        if programs:
            one = lambda name: next(iter(properties[name]), None) if name in properties else None
            found.append(Judge(test["name"], command, programs, properties.get("WORKING_DIRECTORY", build.folder), environment,
                               one("PASS_REGULAR_EXPRESSION"), one("SKIP_REGULAR_EXPRESSION")))
    return found


def differential(build, cases, packs, seed):
    path = os.path.join(build.folder, "polku_differential")
    command = [path, "--cases", str(cases), "--packs", str(packs), "--seed", str(seed), "--reports", "0"]
    return Judge(f"differential, {cases} cases", command, {"polku_differential": path}, build.folder)
