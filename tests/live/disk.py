"""A folder that stands for a disk, which can be full, slow, or lose its power: whatever no fsync covered is thrown away then. The other half is shim.cc."""
import os
import shutil
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
SHIM = os.environ.get("POLKU_SHIM", os.path.join(os.path.dirname(os.path.dirname(HERE)), "build/release/libpolku_shim.so"))
PAGE, SECTOR = 4096, 512


class Disk:
    """`folder` is the disk; beside it, in `folder`-shadow, stands what has been done to it since the last fresh()."""

    def __init__(self, folder):
        self.folder, self.shadow = folder, folder + "-shadow"
        self.env = {"LD_PRELOAD": SHIM, "POLKU_DISK": folder, "POLKU_DISK_SHADOW": self.shadow}
        os.makedirs(folder, exist_ok=True)
        self.fresh()

    def fresh(self):
        """All that is there now is durable. No program may be using the disk."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        os.makedirs(os.path.join(self.shadow, "kept"))
        open(os.path.join(self.shadow, "journal"), "wb").close()
        self.sizes = {about.st_ino: about.st_size for about in map(os.lstat, self.paths())}
        self.be()

    def be(self, full=False, fastest=0, slowest=0, ignored=""):
        """How the disk is from now on. fastest, slowest: of an fsync, in milliseconds. ignored: whoever asks for an fsync of such a path is lied to."""
        with open(os.path.join(self.shadow, "control"), "r+b" if os.path.exists(os.path.join(self.shadow, "control")) else "wb") as file:
            file.write(struct.pack("<3i244s", full, slowest, fastest, ignored.encode()))

    def paths(self):
        for where, folders, files in os.walk(self.folder):
            for name in folders + files:
                if name != "LOCK":
                    yield os.path.join(where, name)

    def cut(self, rnd=None):
        """The power goes; nobody uses the disk any more. Without `rnd` exactly what an fsync covered is left. With it, of all else what a disk may have done by
        itself: of a folder's changes the first so many, of a file's as well, and of the last ones some pages, or part of one. Gives how much was thrown away."""
        journal = Journal(self)
        lost = journal.take_back(rnd)
        self.fresh()
        return lost


class Journal:
    def __init__(self, disk):
        self.disk = disk
        self.done = {}             # inode: what was done to it and is not covered, oldest first
        sizes = dict(disk.sizes)   # of files, by inode
        with open(os.path.join(disk.shadow, "journal"), encoding="utf-8") as file:
            lines = [line.split() for line in file.read().split("\n")[:-1]]  # half a line: it had not begun
        begun = {}
        for line in lines:
            kind = line[0]
            if kind == "b":
                begun[line[1]] = (int(line[2]), len(self.done.get(int(line[2]), [])))
            elif kind == "e":
                inode, count = begun.pop(line[1])
                covered = self.done.get(inode, [])
                covered[:count] = [None] * count
            else:
                if kind == "d":
                    line.append([each for each in self.done.pop(int(line[3]), []) if each])  # another may get its inode
                elif kind == "w":
                    sizes[int(line[1])] = max(int(line[4]), int(line[2]) + int(line[3]))
                elif kind == "t":
                    sizes[int(line[1])] = int(line[2])
                self.done.setdefault(int(line[1]), []).append(line)
        for inode in self.done:  # positions of fsyncs are counted with what they cover
            self.done[inode] = [line for line in self.done[inode] if line]
        self.folders = {os.stat(path).st_ino: os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in [disk.folder, *disk.paths()] if os.path.isdir(path)}
        self.files = {}
        for where in (disk.folder, os.path.join(disk.shadow, "kept")):
            for folder, _, names in os.walk(where):
                for name in names:
                    path = os.path.join(folder, name)
                    self.files[os.lstat(path).st_ino] = path
        for path in disk.paths():  # the last change may not have happened any more
            about = os.lstat(path)
            if not os.path.isdir(path) and about.st_size != sizes.get(about.st_ino, 0) and (not lines or lines[-1][1] != str(about.st_ino)):
                raise RuntimeError(f"`{path}` was changed past the shim: it has {about.st_size} bytes, and should have {sizes.get(about.st_ino, 0)}")

    def take_back(self, rnd):
        lost = 0
        for inode, done in sorted(self.done.items(), key=lambda one: one[0] in self.folders):  # contents first: then names may go
            keep = rnd.randint(0, len(done)) if rnd and rnd.random() < 0.5 else 0
            if inode in self.folders:
                lost += len(done[keep:])
                for line in reversed(done[keep:]):
                    self.unmake(self.folders[inode], line)
            elif inode in self.files:
                lost += self.unwrite(self.files[inode], done, keep, rnd)
        for fd in self.folders.values():
            os.close(fd)
        return lost

    def unwrite(self, path, done, keep, rnd):
        """What was done to a file after the first `keep` changes is taken back, but for some pages of it."""
        with open(path, "r+b") as file:
            was = file.read()
            now = bytearray(was)
            for line in reversed(done[keep:]):
                kind, at = line[0], int(line[2])
                if kind == "w":
                    del now[int(line[4]):]
                elif kind == "o":
                    old = bytes.fromhex(line[3])
                    now[at:at + len(old)] = old
            if rnd and keep > 0 and len(now) < len(was):  # the first pages of what came next are there, or begun, or nothing but zeros
                now = torn(now, was, rnd)
            lost = sum(a != b for a, b in zip(was, now)) + abs(len(was) - len(now))
            file.seek(0)
            file.truncate()
            file.write(now)
        return lost

    def unmake(self, folder, line):
        kind, name = line[0], line[2]
        here = f"/proc/self/fd/{folder}/"
        there = os.path.lexists(here + name)
        if kind == "c" and there:
            if os.path.isdir(here + name):
                shutil.rmtree(os.path.realpath(here) + "/" + name)
            else:
                os.unlink(here + name)
        elif kind == "u" and not there:
            self.bring_back(here + name, line[3])
        elif kind == "d" and not there:
            os.mkdir(here + name)
            again = os.open(here + name, os.O_RDONLY | os.O_DIRECTORY)
            for each in reversed(line[4]):
                self.unmake(again, each)
            os.close(again)
        elif kind == "r" and os.path.lexists(here + line[3]) and os.lstat(here + line[3]).st_ino == int(line[4]):
            os.rename(here + line[3], here + name)
            if line[5] != "0":
                self.bring_back(here + line[3], line[5])

    def bring_back(self, path, inode):
        os.link(os.path.join(self.disk.shadow, "kept", inode), path)


def torn(now, was, rnd):
    """More of a file that ends with `now` and once was `was`: of each page the old, the new, or the new up to some sector; the last one may be no whole page."""
    end = rnd.randint(len(now), len(was))
    out = bytearray(now)
    while len(out) < end:
        page = min(PAGE - len(out) % PAGE, end - len(out))
        new = was[len(out):len(out) + page]
        good = rnd.choice([0, page, min(rnd.randint(0, PAGE // SECTOR) * SECTOR, page)])
        out += new[:good] + bytes(page - good)
    return out
