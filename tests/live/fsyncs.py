#!/usr/bin/env python3
"""Takes one fsync after another away and cuts the power until something is lost: whoever takes it out of the code would be found out.

usage: tests/live/fsyncs.py [NAME …] [--folders 6] [--seed 1]      only those whose names contain one of these words

The shim tells whoever asks for an fsync of files or folders of one kind that it was done, and notes none. Then rounds of power cuts (kill.py), on so many new
folders at most, must end with a fault; with copies one cut after the copy must. First nothing is taken away, and all must be well. Some are not needed: then
nothing may be lost, and a line says why.

The last line is `N passed, M failed`. Exit code 0, 1 something failed, 2 it cannot be tried.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from disk import SHIM, Disk  # noqa: E402
from kill import World, go  # noqa: E402
from service import POLKU, Service, write_pack  # noqa: E402

CUTS = 6
# What it is, whose the call is, and the paths.
NEEDED = [
    ("the log ahead of the tables", "Store::write", "service/data/*.log"),
    ("tables", "RocksDB", "service/data/*.sst"),
    ("the list of tables", "RocksDB", "service/data/MANIFEST-*"),
    ("which list is the right one", "RocksDB", "service/data/[0-9]*.dbtmp"),
    ("the names in the data folder", "RocksDB", "service/data"),
    ("the name of the data folder", "Store::open", "service"),
    ("the decision file", "Lines", "out/decisions.ndjson"),
    ("the name of the decision file", "Lines", "out"),
]
NOT_NEEDED = [
    ("options", "RocksDB", "service/data/OPTIONS-*", "they are written for people; a start brings its own"),
    ("the identity of the data folder", "RocksDB", "service/data/000000.dbtmp", "nobody asks for it; a start without one makes one"),
]
COPIES = [
    ("a copy's files", "copy_files", "copies/*.unfinished-*/*"),
    ("the names in a copy", "copy_files", "copies/*.unfinished-*"),
    ("the name of a copy", "Place::finish", "copies"),
]


def lost_in_cuts(ignored, folders, seed):
    """The first fault, and after how many rounds; None."""
    rounds = 0
    for n in range(folders):
        world = World(seed + n, ignored=ignored, patience=10)
        try:
            done, wrong = go(world, ["cut"] * CUTS)
        finally:
            world.close(False)
        rounds += done
        if wrong:
            return rounds, wrong[0].splitlines()[0]
    return None


def lost_of_copies(ignored, by_service):
    """A copy is made, and the power goes: what is wrong with the copy, or None."""
    root = tempfile.mkdtemp(prefix="polku-fsyncs-")
    try:
        pack, disk = write_pack(os.path.join(root, "pack")), Disk(os.path.join(root, "disk"))
        data, copies = os.path.join(disk.folder, "data"), os.path.join(disk.folder, "copies")
        os.mkdir(copies)
        service = Service(pack, data, "--shards", "2")
        service.ask("POST", "/v1/batch", {"batch": [{"type": "track", "event": "Order Placed", "userId": f"u{n}", "messageId": f"m{n}", "properties": {"n": n}} for n in range(50)]})
        service.stop()
        disk.fresh()
        disk.be(ignored=ignored)
        copy = os.path.join(copies, "monday")
        if by_service:
            service = Service(pack, data, "--shards", "2", "--admin-key", "ops", env=disk.env)
            status, said = service.admin("POST", "/v1/admin/backup", f'{{"folder": "{copy}"}}', {"authorization": "Bearer ops"})
            service.kill()
            if status != 200:
                raise RuntimeError(f"{status}: {said}")
        else:
            subprocess.run([POLKU, "data", "backup", data, copy], env={**os.environ, **disk.env}, check=True, capture_output=True)
        disk.cut()
        done = subprocess.run([POLKU, "data", "verify", copy], capture_output=True, text=True)
        return None if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()[-1]
    finally:
        shutil.rmtree(root)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--folders", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not os.path.exists(SHIM):
        print(f"fsyncs: there is no {SHIM}: build the tests, or say where it is (POLKU_SHIM)")
        return 2
    passed = failed = 0

    def tell(fine, what):
        nonlocal passed, failed
        passed, failed = passed + fine, failed + (not fine)
        print(("" if fine else "FAILED ") + what, flush=True)

    def wanted(name):
        return not args.names or any(each in name for each in args.names)

    def cuts(name, whose, paths, why=None):
        if not wanted(name):
            return
        found = lost_in_cuts(paths, args.folders if why is None else 2, args.seed)
        if why is None:
            tell(found is not None, f"{name} ({whose}): " + (f"{found[1]}, after {found[0]} rounds" if found else "not missed"))
        else:
            tell(found is None, f"{name} ({whose}): " + (f"{found[1]}, and it was thought that {why}" if found else f"not missed: {why}"))

    cuts("nothing taken away", "all", "", "all is covered")
    for row in NEEDED:
        cuts(*row)
    for row in NOT_NEEDED:
        cuts(*row)
    for by_service, who in ((False, "polku data backup"), (True, "a backup of the service")):
        for name, whose, paths in [("nothing taken away from", "all", ""), *COPIES]:
            if by_service and whose == "copy_files":
                whose = "RocksDB"
            if wanted(f"{name}, {who}"):
                found = lost_of_copies(paths, by_service)
                tell((found is None) == (paths == ""), f"{name}, {who} ({whose}): {found or ('not missed' if paths else 'all is there')}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
