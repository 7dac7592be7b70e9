"""The build whose parts mutants replace: a mutant's file is compiled beside it and linked with everything else as it is, so that the build
itself never changes."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
from io import BytesIO

QUIET = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")


class Failure(Exception):
    pass


def check_out(root, what, to):
    """Writes the sources of a commit (or of the working tree) to a folder; files that are the same there keep their times."""
    if what == "working":
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], stdout=subprocess.PIPE)
        if listed.returncode != 0:
            raise Failure("the working tree can only be listed by git")
        names = {n for n in listed.stdout.decode().split("\0") if n and os.path.isfile(os.path.join(root, n))}
        read = {n: (open(os.path.join(root, n), "rb").read(), os.stat(os.path.join(root, n)).st_mode) for n in sorted(names)}
    else:
        archive = subprocess.run(["git", "-C", root, "archive", what], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if archive.returncode != 0:
            raise Failure(f"git archive {what}: {archive.stderr.decode().strip()}")
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            read = {m.name: (tar.extractfile(m).read(), m.mode) for m in tar.getmembers() if m.isfile()}
    for name, (content, mode) in read.items():
        path = os.path.join(to, name)
        if os.path.exists(path):
            with open(path, "rb") as f:
                if f.read() == content:
                    continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        os.chmod(path, mode & 0o777)
    for folder, _, files in os.walk(to):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, to) not in read:
                os.remove(path)


def configure(tree, folder):
    if os.path.exists(os.path.join(folder, "build.ninja")):
        return
    run = subprocess.run(["cmake", "--preset", "release", "-B", folder, "-DPOLKU_BENCH=OFF"], cwd=tree, **QUIET)
    if run.returncode != 0:
        raise Failure("cmake: " + run.stdout)


class Build:
    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        cache = open(os.path.join(self.folder, "CMakeCache.txt"), encoding="utf-8").read()
        self.tree = os.path.realpath(re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.M).group(1))

    def ninja(self, *arguments):
        run = subprocess.run(["ninja", "-C", self.folder, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            raise Failure(f"ninja {' '.join(arguments)}: {(run.stdout + run.stderr)[-2000:]}")
        return run.stdout

    def programs(self, folders):
        """The programs that ctest runs and that link something made in one of these folders."""
        self.ninja("build.ninja")  # made anew if the tree has changed: the commands below must be today's
        found = set()
        for folder, _, files in os.walk(self.folder):
            if "CTestTestfile.cmake" in files:
                found |= set(re.findall(re.escape(self.folder) + r"/([\w-]+)\"", open(os.path.join(folder, "CTestTestfile.cmake")).read()))
        self.commands = {e["output"]: e for e in json.loads(self.ninja("-t", "compdb"))}
        links = {p: [os.path.dirname(word) for word in self.commands[p]["command"].split()] for p in found if p in self.commands}
        chosen = sorted(p for p, parts in links.items() if not folders.isdisjoint(parts))
        if not chosen:
            raise Failure(f"no test of {self.folder} has a program made of " + ", ".join(sorted(folders)))
        return chosen

    def make(self, programs, jobs):
        self.ninja("-j", str(jobs), *programs)
        self.archives = {}   # object -> archive
        for output, e in self.commands.items():
            if output.endswith(".a"):
                for part in e["command"].split():
                    if part.endswith(".o"):
                        self.archives[part] = output
        self.readers = {}    # source -> objects
        current = None
        for line in self.ninja("-t", "deps").splitlines():
            if line and not line[0].isspace():
                current = line.split(":")[0]
            elif line.strip():
                path = os.path.realpath(os.path.join(self.folder, line.strip()))
                if path.startswith(self.tree + "/"):
                    self.readers.setdefault(os.path.relpath(path, self.tree), []).append(current)
        self.linked = {p: set(self.commands[p]["command"].split()) for p in programs}

    def objects(self, source):
        """The objects made of the source that some program of `make` links."""
        wanted = set().union(*self.linked.values())
        return [o for o in self.readers.get(source, []) if o in wanted or self.archives.get(o) in wanted]

    def holds(self, program, objects):
        return any(o in self.linked[program] or self.archives.get(o) in self.linked[program] for o in objects)

    def compile(self, obj, overlay, to, seconds=600):
        """The object with the files of `overlay` before those of the tree: a path, or None and what the compiler says."""
        e = self.commands[obj]
        source = os.path.relpath(os.path.realpath(os.path.join(self.folder, e["file"])), self.tree)
        replaced = os.path.join(overlay, source)
        arguments, words = [], iter(shlex.split(e["command"]))
        for word in words:
            if word in ("-MF", "-MT", "-o", "-c"):
                next(words)
            elif not (word.endswith("/ccache") or word in ("-MD", "-Werror") or not arguments and (word == "env" or "=" in word)):
                arguments.append(word)
        out = os.path.join(to, obj)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        arguments[1:1] = ["-w", "-I" + overlay]
        arguments += ["-o", out, "-c", replaced if os.path.exists(replaced) else os.path.join(self.folder, e["file"])]
        try:
            run = subprocess.run(arguments, cwd=self.folder, timeout=seconds, **QUIET)
        except subprocess.TimeoutExpired:
            return None, "the compiler takes too long"
        return (out, "") if run.returncode == 0 else (None, run.stdout)

    def same_code(self, obj, compiled):
        return self.stripped(os.path.join(self.folder, obj), compiled + ".clean") == self.stripped(compiled, compiled + ".bare")

    @staticmethod
    def stripped(obj, to):
        subprocess.run(["objcopy", "--strip-debug", obj, to], check=True)
        with open(to, "rb") as f:
            return f.read()

    def link(self, program, objects, to):
        """The program with these objects (name in the build -> path) in place of its own, in the folder `to`."""
        command = self.commands[program]["command"]
        instead, archives = {program: os.path.join(to, program)}, {}
        for o, path in objects.items():
            archives.setdefault(self.archives.get(o), []).append((o, path))
        for archive, members in archives.items():
            if archive is None:
                instead.update(members)
                continue
            copy = instead[archive] = os.path.join(to, archive)
            if not os.path.exists(copy):
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copyfile(os.path.join(self.folder, archive), copy)
                subprocess.run(["ar", "r", copy, *[path for _, path in members]], check=True, **QUIET)
        command = " ".join(instead.get(word, word) for word in command.split())
        run = subprocess.run(command, cwd=self.folder, shell=True, **QUIET)
        return "" if run.returncode == 0 else run.stdout
