#!/usr/bin/env python3
"""What `polku data` does with the folder of a service: whole ones, damaged ones, and such as are none.

usage: tests/live/data.py
The last line is `N passed, M failed`.
"""
import json
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from service import POLKU, RULES, Service, write_pack  # noqa: E402

TESTS = []


def test(f):
    TESTS.append(f)
    return f


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def data(*arguments):
    done = subprocess.run([POLKU, "data", *arguments], capture_output=True, text=True, timeout=120)
    if "\x1b" in done.stdout + done.stderr or "\r" in done.stdout + done.stderr:
        raise AssertionError("escape codes in a pipe")
    return done


def expect(code, done, *said):
    if done.returncode != code:
        raise AssertionError(f"exit code {done.returncode}, not {code}: {done.stdout} {done.stderr}")
    for words in said:
        if words not in done.stdout + done.stderr:
            raise AssertionError(f"{words!r} was not said: {done.stdout} {done.stderr}")
    return done


def order(n, user="u1"):
    return {"type": "track", "event": "Order Placed", "userId": user, "messageId": f"m{n}", "properties": {"n": n}}


def start(w, data, *more):
    return Service(w.pack, data, "--shards", "2", *more)


def send(service, *records):
    same(service.ask("POST", "/v1/batch", {"batch": list(records)})[0], 200)


def knows_all(service, first, count):
    """Sent again, nothing is new; and what is new is decided."""
    send(service, *(order(n, f"u{n % 7}") for n in range(first, first + count)))
    same((service.metric("records_taken_total"), service.metric("records_duplicate_total")), (0, count))
    send(service, order(first + count + 100000))
    same((service.metric("records_taken_total"), service.metric("decisions_total")), (1, 1))


def files(folder, end):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(end) or (end == "MANIFEST" and name.startswith(end)))


def content(folder):
    out = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            out[name] = file.read()
    return out


def damaged(w, name):
    """A copy of the whole folder, to be damaged."""
    to = os.path.join(w.folder, name)
    shutil.copytree(w.whole, to)
    return to


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0xFF]))


@test
def a_whole_folder_is_fine(w):
    before = content(w.whole)
    said = expect(0, data("verify", w.whole), "polku data 3", "2 shards", "60 records", "60 decisions", "7 written down").stdout
    same(said.splitlines()[-1], "fine")
    found = json.loads(expect(0, data("verify", w.whole, "--json")).stdout)
    same((found["schema"], found["format"], found["shards"], found["visitors"], found["log"]["records"], found["log"]["decisions"]), (1, "polku data 3", 2, 7, 60, 60))
    same((found["faulty"], found["faults"], found["remarks"]), (0, [], []))
    same(found["log"]["last"] - found["log"]["first"] + 1, found["log"]["entries"])
    same(content(w.whole), before)  # nothing was changed


@test
def the_log_is_read_again(w):
    said = expect(0, data("verify", "--replay", w.whole), "7 visitors and 60 decisions compared").stdout
    same(said.splitlines()[-1], "fine")
    found = json.loads(expect(0, data("verify", "--replay", "--json", w.whole)).stdout)["replay"]
    same((found["visitors"], found["decisions"], found["different"], found["differences"]), (7, 60, 0, []))
    killed = os.path.join(w.folder, "killed and read again")
    s = start(w, killed)
    send(s, order(1))
    s.kill()
    expect(2, data("verify", "--replay", killed), "The service was killed, and not everybody is written down")
    same(start(w, killed).stop()[0], 0)
    expect(0, data("verify", "--replay", killed), "1 visitor and 1 decision compared")
    other = write_pack(os.path.join(w.folder, "other pack"), rules=RULES.replace("1 second", "2 seconds"))
    same(Service(other, killed, "--shards", "2").stop()[0], 0)
    expect(2, data("verify", "--replay", killed), "2 packs have decided in this folder")


@test
def a_decision_file_that_a_crash_of_the_machine_left(w):
    folder, lines = os.path.join(w.folder, "lines"), os.path.join(w.folder, "decisions.ndjson")
    for n, left in enumerate((b"", b'{"half":', bytes(5000), b'{"id":"whole"}\n' + bytes(4096) + b'half"}\n', bytes(10) + b"\n")):
        with open(lines, "ab") as file:
            file.write(left)
        s = start(w, folder, "--decisions", lines)
        send(s, order(n))
        same(s.stop()[0], 0)
    with open(lines, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    same([d["actions"][0]["params"]["n"] for d in found if d["id"] != "whole"], [0, 1, 2, 3, 4])
    same(len(found), 6)


@test
def a_backup_is_restored(w):
    backup, again = os.path.join(w.folder, "backup"), os.path.join(w.folder, "again")
    expect(0, data("backup", w.whole, backup), "7 visitors", "found sound")
    expect(0, data("verify", backup), "60 records", "fine")
    same({os.stat(path).st_mode & 0o077 for path in (backup, *(os.path.join(backup, f) for f in os.listdir(backup)))}, {0})  # nobody else's business
    expect(0, data("restore", backup, again), "start it: polku serve PACK --data", "--shards 2")
    s = start(w, again)
    knows_all(s, 0, 60)
    same(s.stop()[0], 0)
    expect(0, data("verify", again), "fine")


@test
def restores_into_an_empty_folder_and_no_other(w):
    backup = w.whole
    to = os.path.join(w.folder, "empty-to")
    os.mkdir(to)
    expect(0, data("restore", backup, to))
    expect(0, data("verify", to), "fine")
    expect(2, data("restore", backup, to), "is there already")
    expect(2, data("backup", backup, to), "is there already")
    os.mkdir(to + "2")
    expect(2, data("backup", backup, to + "2"), "is there already")
    expect(2, data("backup", backup, os.path.join(w.folder, "no", "such", "place")), "There is no folder")
    same([name for name in os.listdir(w.folder) if "unfinished" in name], [])


@test
def what_a_kill_leaves_is_fine_and_can_be_backed_up(w):
    folder, backup = os.path.join(w.folder, "killed"), os.path.join(w.folder, "killed-backup")
    s = start(w, folder)
    send(s, *(order(n, f"u{n % 7}") for n in range(1000, 1040)))
    s.kill()
    expect(0, data("verify", folder), "40 records", "fine")
    expect(0, data("backup", folder, backup))
    s = start(w, backup)
    knows_all(s, 1000, 40)
    same(s.stop()[0], 0)


@test
def a_service_makes_its_own_backups(w):
    folder, backup = os.path.join(w.folder, "live"), os.path.join(w.folder, "live-backup")
    s = start(w, folder, "--admin-key", "boss", "--write-key", "k")
    auth = {"Authorization": "Bearer boss"}
    same(s.ask("POST", "/v1/batch", {"batch": [order(n, f"u{n % 7}") for n in range(2000, 2030)], "writeKey": "k"})[0], 200)
    expect(2, data("verify", folder), "in use by a service", "/v1/admin/backup")
    expect(2, data("backup", folder, backup), "in use by a service", "/v1/admin/backup")
    expect(2, data("restore", folder, backup), "in use by a service")
    for headers in ({}, {"Authorization": "Bearer k"}, {"Authorization": "boss"}):
        same(s.ask("POST", "/v1/admin/backup", {"folder": backup}, headers)[0], 401)
    for body in ("", "{}", "[]", {"folder": "relative"}, {"folder": 7}):
        same(s.ask("POST", "/v1/admin/backup", body, auth)[0], 400)
    same(s.ask("GET", "/v1/admin/backup", None, auth)[0], 405)
    status, body, _ = s.ask("POST", "/v1/admin/backup", {"folder": backup}, auth)
    same((status, json.loads(body)), (200, {"success": True, "folder": backup}))
    status, body, _ = s.ask("POST", "/v1/admin/backup", {"folder": backup}, auth)
    same((status, "is there already" in body), (500, True))
    same(s.ask("POST", "/v1/batch", {"batch": [order(2100)], "writeKey": "k"})[0], 200)  # it goes on
    same(s.stop()[0], 0)
    expect(0, data("verify", backup), "30 records", "fine")
    again = start(w, backup)
    knows_all(again, 2000, 30)
    same(again.stop()[0], 0)
    without = start(w, folder)
    same(without.ask("POST", "/v1/admin/backup", {"folder": backup + "2"}, auth)[0], 403)
    without.stop()


@test
def a_disk_that_takes_no_more(w):
    to = os.path.join(w.folder, "no-room")
    large = max(os.path.getsize(path) for path in files(w.whole, ".sst") + files(w.whole, ".log") + files(w.whole, "MANIFEST"))
    for verb in ("backup", "restore"):  # what a full disk says comes from the limit of a file's size here
        done = subprocess.run([POLKU, "data", verb, w.whole, to], capture_output=True, text=True, timeout=60, restore_signals=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (large // 2, large // 2)))
        expect(2, done, "cannot be written")
    same([name for name in os.listdir(w.folder) if name.startswith("no-room")], [])


@test
def on_a_terminal_it_says_how_far_it_is(w):
    mine, its = pty.openpty()
    done = subprocess.run([POLKU, "data", "verify", w.whole], stdout=subprocess.PIPE, stderr=its, text=True, timeout=60)
    os.close(its)
    said = os.read(mine, 1 << 16).decode()
    os.close(mine)
    same((done.returncode, done.stdout.splitlines()[-1], "reading the sums of all files" in said, said.endswith("\r\x1b[K")), (0, "fine", True, True))


@test
def a_flipped_byte_in_any_file_of_a_table(w):
    for i, path in enumerate(files(w.whole, ".sst")):
        to = damaged(w, f"flipped{i}")
        target = os.path.join(to, os.path.basename(path))
        for at in (20, os.path.getsize(target) // 2, os.path.getsize(target) - 10):
            flip(target, at)
            expect(1, data("verify", to), "fault: ", "polku data restore")
            expect(1, data("backup", to, to + "-backup"), "is damaged")
            same(os.path.exists(to + "-backup"), False)
            flip(target, at)
        expect(0, data("verify", to), "fine")
        shutil.rmtree(to)


@test
def a_missing_file_of_a_table(w):
    to = damaged(w, "missing")
    os.unlink(files(to, ".sst")[0])
    expect(1, data("verify", to), "fault: ", "polku data restore")
    found = json.loads(data("verify", to, "--json").stdout)
    same((found["faulty"], len(found["faults"])), (1, 1))


@test
def a_truncated_list_of_files(w):
    for part in (0.0, 0.3, 0.6, 0.9):
        to = damaged(w, f"manifest{part}")
        manifest = files(to, "MANIFEST")[-1]
        os.truncate(manifest, int(os.path.getsize(manifest) * part))
        expect(1, data("verify", to), "backup")
        expect(1, data("restore", to, to + "-restored")) if part < 0.5 else None
        shutil.rmtree(to)
    to = damaged(w, "current")
    os.truncate(os.path.join(to, "CURRENT"), 3)
    expect(1, data("verify", to), "fault: ")
    os.unlink(os.path.join(to, "CURRENT"))
    expect(1, data("verify", to), "fault: ")


@test
def a_torn_end_of_what_was_written_ahead(w):
    to = damaged(w, "torn")
    shutil.rmtree(to)
    s = start(w, to)
    send(s, *(order(n) for n in range(3000, 3010)))
    time.sleep(0.1)
    send(s, *(order(n) for n in range(3010, 3020)))
    s.kill()
    expect(0, data("verify", to), "20 records", "fine")
    log = max(files(to, ".log"), key=os.path.getsize)
    os.truncate(log, os.path.getsize(log) - 7)
    expect(1, data("verify", to), "note: The last thing written is there in part only")
    expect(0, data("backup", to, to + "-backup"), "note: ")
    os.truncate(log, os.path.getsize(log) // 2)
    flip(log, os.path.getsize(log) // 3)
    expect(1, data("verify", to))


@test
def folders_that_are_none(w):
    empty, other, file = (os.path.join(w.folder, name) for name in ("nothing", "other", "file"))
    os.mkdir(empty)
    os.mkdir(other)
    for path in (file, os.path.join(other, "notes.txt")):
        with open(path, "w", encoding="utf-8") as out:
            out.write("no data")
    for folder, said in ((empty, "is empty"), (other, "is no data folder"), (file, "is no folder"), (os.path.join(w.folder, "nowhere"), "There is no folder"), (w.pack, "is no data folder")):
        expect(2, data("verify", folder), said)
        expect(2, data("verify", folder, "--json"), said)
        expect(2, data("backup", folder, os.path.join(w.folder, "x")), said)
        expect(2, data("restore", folder, os.path.join(w.folder, "x")), said)
    same((os.listdir(empty), os.path.exists(os.path.join(w.folder, "x"))), ([], False))


@test
def a_folder_that_cannot_be_read(w):
    if os.geteuid() == 0:
        return  # root reads everything
    to = damaged(w, "closed")
    os.chmod(os.path.join(to, "CURRENT"), 0)
    expect(2, data("verify", to), "Permission denied")


@test
def says_how_it_is_used(w):
    for verb in ((), ("verify",), ("backup",), ("restore",)):
        help = expect(0, data(*verb, "--help"), "Example:", "Exit codes: 0").stdout
        same(bool(re.search(r"\n  polku data ", help)), True)
        expect(2, data(*verb))
    expect(2, data("verify", w.whole, "too many"))
    expect(2, data("backup", w.whole))
    expect(2, data("mend", w.whole))


class World:
    pass


def main():
    w = World()
    w.folder = tempfile.mkdtemp(prefix="polku-data-")
    w.pack, w.whole = write_pack(os.path.join(w.folder, "pack")), os.path.join(w.folder, "whole")
    for half in range(3):  # three starts: tables on disk, and something written ahead
        s = start(w, w.whole)
        send(s, *(order(n, f"u{n % 7}") for n in range(20 * half, 20 * half + 20)))
        same(s.stop()[0], 0)
    passed = failed = 0
    for t in TESTS:
        try:
            t(w)
            passed += 1
        except Exception as e:  # the next one is tried all the same
            failed += 1
            print(f"data: {t.__name__}: {type(e).__name__}: {e}")
    shutil.rmtree(w.folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
