#!/usr/bin/env python3
"""Writes the bundled events of the loans pack, events.csv: made-up applications in the column layout of a real process log.

  make_events.py                         writes the file anew
  make_events.py --check                 exit 1 if the file is not what this script makes
  make_events.py --cases 13000 --out F   more of the same, for benchmarks

The same bytes on every machine: its own random numbers from a fixed seed, no clock, integers only.
"""
import argparse
import pathlib
import sys

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
START = 1725148800000   # 2024-09-01T00:00:00Z, in milliseconds
WINTER = 1729990800000  # 2024-10-27T01:00:00Z: from here on Amsterdam is at UTC+1 instead of UTC+2
END = START + 110 * DAY


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return z ^ (z >> 31)

    def between(self, low, high):
        return low + self.next() % (high - low + 1)

    def chance(self, percent):
        return self.next() % 100 < percent


def instant(at):
    """As the log writes it: local time with its offset. The days count from 2024-09-01."""
    offset = 1 if at >= WINTER else 2
    day, of_day = divmod(at + offset * HOUR - START, DAY)
    for month, length in ((9, 30), (10, 31), (11, 30), (12, 31)):
        if day < length:
            break
        day -= length
    return (f"2024-{month:02d}-{day + 1:02d}T{of_day // HOUR:02d}:{of_day // MINUTE % 60:02d}:{of_day // SECOND % 60:02d}"
            f".{of_day % SECOND:03d}+0{offset}:00")


class Case:
    def __init__(self, number, random):
        self.r, self.rows = random, []
        self.number, self.amount = number, random.between(10, 90) * 500
        self.begin = self.at = START + random.between(0, 80 * DAY)

    def row(self, activity, lifecycle="COMPLETE", staff=True):
        self.rows.append((self.at, activity, lifecycle, str(self.r.between(701, 730)) if staff else ""))

    def wait(self, low, high):
        self.at += self.r.between(low, high)

    def work(self, activity, low, high):
        """Something a member of the staff does: scheduled now, started later."""
        self.row(activity, "SCHEDULE")
        self.wait(low, high)
        self.again(activity)

    def again(self, activity):
        self.row(activity, "START", self.r.chance(92))
        self.wait(1 * MINUTE, 25 * MINUTE)
        self.row(activity, "COMPLETE", self.r.chance(92))

    def decline(self, offer):
        if offer:
            self.row("O_DECLINED")
        self.row("A_DECLINED")

    def cancel(self, offer):
        if offer:
            self.row("O_CANCELLED")  # the same millisecond as the next row, as in the log
        self.row("A_CANCELLED")

    def offer(self):
        for activity in ("O_SELECTED", "O_CREATED", "O_SENT"):
            self.row(activity)
            self.wait(0, 40 * SECOND)

    def live(self):
        r = self.r
        self.row("A_SUBMITTED", staff=False)
        self.wait(200, 900)
        self.row("A_PARTLYSUBMITTED", staff=False)
        self.wait(20 * SECOND, 2 * MINUTE)
        if r.chance(25):
            return self.decline(offer=False)
        if r.chance(30):
            self.work("W_Afhandelen leads", 10 * MINUTE, 20 * HOUR)
        if r.chance(4):
            self.work("W_Beoordelen fraude", 1 * HOUR, 30 * HOUR)
            return self.decline(offer=False)
        self.row("A_PREACCEPTED")
        self.work("W_Completeren aanvraag", 1 * HOUR, 30 * HOUR)
        if r.chance(15):
            return self.cancel(offer=False)
        self.row("A_ACCEPTED")
        self.row("A_FINALIZED")
        self.offer()
        self.work("W_Nabellen offertes", 1 * DAY, 5 * DAY)
        for _ in range(r.between(0, 4)):
            self.wait(5 * HOUR, 5 * DAY)
            self.again("W_Nabellen offertes")
            if r.chance(18):
                self.wait(1 * MINUTE, 10 * MINUTE)
                self.row("O_CANCELLED")
                self.offer()
        if r.chance(30):
            self.wait(8 * DAY, 22 * DAY)
            return self.cancel(offer=True)
        self.wait(1 * HOUR, 9 * DAY)
        self.row("O_SENT_BACK")
        self.work("W_Valideren aanvraag", 2 * HOUR, 40 * HOUR)
        for _ in range(r.between(0, 3)):
            self.work("W_Nabellen incomplete dossiers", 3 * HOUR, 5 * DAY)
            self.wait(10 * MINUTE, 8 * DAY)
        if r.chance(18):
            return self.decline(offer=True)
        for activity in ("O_ACCEPTED", "A_REGISTERED", "A_APPROVED", "A_ACTIVATED"):
            self.row(activity)
        if r.chance(3):
            self.wait(1 * DAY, 9 * DAY)
            self.row("W_Wijzigen contractgegevens", "SCHEDULE", False)

    def lines(self):
        for at, activity, lifecycle, staff in self.rows:
            if at < END:
                yield f"{self.number},{self.amount},{instant(self.begin)},{activity},{lifecycle},{instant(at)},{staff}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--check", action="store_true")
    options.add_argument("--cases", type=int, default=160)
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent / "events.csv")
    options = options.parse_args()
    random = Random(20240901)
    lines = ["case_id,amount_req,reg_date,activity,lifecycle,timestamp,resource"]
    for number in range(900001, 900001 + options.cases):
        case = Case(number, Random(random.next()))
        case.live()
        lines += case.lines()
    content = ("\n".join(lines) + "\n").encode()
    if options.check:
        right = options.out.read_bytes() == content
        print("events.csv is what make_events.py makes" if right else "events.csv is not what make_events.py makes")
        return 0 if right else 1
    options.out.write_bytes(content)
    print(f"{options.out.name}: {len(lines)} lines, {len(content)} bytes")
    return 0


sys.exit(main())
