#!/usr/bin/env python3
"""Writes the bundled events of the shop pack, events.ndjson, and the published tables of answers, answers.ndjson. All of it is made up.

  make_events.py            writes both files anew
  make_events.py --check    exit 1 if the files are not what this script makes

The same bytes on every machine: its own random numbers from a fixed seed, no clock, integers only.
"""
import pathlib
import sys

VISITORS = 410
DAYS = 85
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1790805600000  # 2026-10-01 00:00 in Berlin (summer time, UTC+2), in milliseconds
WINTER = 1792890000000  # 2026-10-25 03:00 summer time is 02:00 winter time
END = START + DAYS * DAY + HOUR

PRODUCTS = {  # category: (name, price in cents)
    "tents": [("Tent Saana 2", 24900), ("Tent Saana 3", 31900), ("Tent Pallas", 19900), ("Tent Pyhä", 39900), ("Pegs", 1490)],
    "boots": [("Boots Kolari", 12900), ("Boots Inari", 15900), ("Boots Levi", 8900), ("Laces", 690)],
    "jackets": [("Jacket Ruka", 17900), ("Jacket Salla", 9900), ("Rain cape", 4900), ("Wool hat", 2900)],
    "packs": [("Pack Ruka 40", 11900), ("Pack Ruka 60", 14900), ("Day pack", 5900), ("Dry bag", 1990)],
}
ZONES = ["Europe/Berlin", "Europe/Lisbon", "Europe/Helsinki", "America/New_York", "Asia/Tokyo", "somewhere"]
FIRST = ["anna", "ben", "clara", "david", "emma", "felix", "greta", "hannes", "ida", "jonas", "klara", "leo", "mia", "noah"]


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

    def below(self, n):
        return self.next() % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, things):
        return things[self.below(len(things))]


def instant(at):
    offset = HOUR if at >= WINTER else 2 * HOUR
    days, of_day = divmod(at + offset, DAY)
    # Days since 1970 to a civil date, by eras of 400 years.
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    h, m, s = of_day // HOUR, of_day // MINUTE % 60, of_day // 1000 % 60
    return f"{year:04d}-{month:02d}-{day:02d}T{h:02d}:{m:02d}:{s:02d}.{of_day % 1000:03d}+{offset // HOUR:02d}:00"


def text(value):
    return '"' + value + '"'  # nothing here needs an escape


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


class Visitor:
    def __init__(self, number, random, log):
        self.name = f"u{number:04d}"
        self.random, self.log = random, log
        self.known = False      # logged in
        self.orders = 0
        r = random
        kind = r.below(100)
        self.keen = kind >= 88
        self.leaver = 82 <= kind < 88
        self.comes_back = 70 <= kind < 82   # buys early, is not seen for weeks, returns
        self.returner = r.chance(7)
        self.visits = r.between(7, 13) if self.keen else r.pick([1, 1, 2, 2, 3, 3, 4, 5])

    def record(self, at, event, **fields):
        self.log.append((at, self.name, event, fields))

    def ask(self, at, *slots):
        self.log.append((at, self.name, None, slots))

    def learn(self, at, **values):
        self.log.append((at, self.name, "visitor updated", {name.replace("__", " ").replace("_", "."): value for name, value in values.items()}))

    def arrive(self, at):
        r, values = self.random, {}
        if r.chance(70):
            values["consent_marketing"] = "true"
        elif r.chance(50):
            values["consent_marketing"] = "false"
        if r.chance(88):
            values["contact_email"] = text(f"{r.pick(FIRST)}.{self.name}@mail.example")
        if r.chance(40):
            values["contact_phone"] = text(f"+49 30 000 {r.below(10000):04d}")
        if r.chance(45):
            values["app_device"] = text(f"device-{self.name}")
            if r.chance(80):
                values["consent_app"] = "true"
        if r.chance(25):
            values["time__zone"] = text(r.pick(ZONES))
        if r.chance(60):
            values["birthday"] = text(f"{r.between(1950, 2006)}-{r.pick([1, 3, 5, 7, 9, 10, 10, 11, 11, 12, 12]):02d}-{r.between(1, 28):02d}")
        if self.keen or r.chance(30):
            values["club"] = text(r.pick(["member", "member", "gold"]))
        self.has_app = "app_device" in values
        if values:
            self.learn(at, **values)

    def look(self, at):
        """Products on one visit: returns when it ends, and what was in the cart (cents), if anything was."""
        r = self.random
        category = r.pick(list(PRODUCTS))
        favourite = r.pick(PRODUCTS[category])
        slots = ["web.hero", "web.basket"] if r.chance(20) else ["web.hero"]
        if r.chance(60):
            self.record(at, "page_viewed", page=text("start"))
        self.ask(at + 200, *slots)
        at += r.between(5_000, 90_000)
        if not self.known and r.chance(40):
            self.known = True
            self.learn(at, anonymous="false")
            at += 20_000
        if r.chance(14):
            words = r.pick(["hammock", "kayak", "ice axe", "snow shoes"])
            for _ in range(r.between(1, 3)):
                self.record(at, "searched", words=text(words), hits=str(0 if r.chance(70) else r.below(9)))
                at += r.between(10_000, 150_000)
            self.ask(at, "web.hero")
            at += 10_000
        for _ in range(r.between(5, 9) if r.chance(22) else r.between(1, 5)):
            name, price = favourite if r.chance(45) else r.pick(PRODUCTS[category if r.chance(75) else r.pick(list(PRODUCTS))])
            kind = next(c for c, all in PRODUCTS.items() if (name, price) in all)
            self.record(at, "product_viewed", product=text(name), category=text(kind), price=money(price))
            if r.chance(30):
                self.ask(at + 300, "web.product")
            at += r.between(15_000, 4 * MINUTE)
        if r.chance(15):
            self.ask(at, "web.hero")
            at += 30_000
        if not r.chance(52):
            return at, 0
        value, items = 0, 0
        for _ in range(r.pick([1, 1, 1, 2, 3])):
            name, price = favourite if items == 0 else r.pick(PRODUCTS[r.pick(list(PRODUCTS))])
            items, value = items + 1, value + price
            fields = {"items": str(items), "value": money(value)}
            if r.chance(85):
                fields["top_item"] = text(favourite[0])
            self.record(at, "cart_updated", **fields)
            at += r.between(10_000, 5 * MINUTE)
        if r.chance(45):
            self.ask(at, "web.basket")
            at += 5_000
        return at, value

    def order(self, at, value):
        r = self.random
        self.orders += 1
        number = text(f"O-{self.name[1:]}-{self.orders}")
        self.record(at, "order_placed", number=number, total=money(value), items=str(r.between(1, 4)))
        shipped = at + r.between(16, 60) * HOUR
        self.record(shipped, "order_shipped", number=number, carrier=text(r.pick(["post", "courier"])))
        if r.chance(85 if self.returner or self.leaver else 12):
            back = shipped + r.between(3, 12) * DAY
            fields = {"number": number, "refund": money(value if r.chance(60) else value // 2)}
            if r.chance(82):
                fields["reason"] = text(r.pick(["size", "size", "damaged", "disliked"]))
            self.record(back, "order_returned", **fields)
            if self.leaver:
                self.leave(back)

    def leave(self, at):
        r = self.random
        at += r.between(3, 80) * HOUR
        self.call(at, "complaint")
        if r.chance(25):
            at += r.between(3, 30) * HOUR
            self.order(at, r.between(20, 90) * 100)
        self.record(at + r.between(1, 70) * HOUR, "page_viewed", page=text("close_account"))

    def call(self, at, topic):
        r = self.random
        fields = {"topic": text(topic), "lasted": text(f"{r.between(1, 35)} minutes")}
        if r.chance(80):
            fields["solved"] = "true" if r.chance(55) else "false"
        self.record(at, "call_ended", **fields)

    def open(self, at, times):
        r = self.random
        for _ in range(times):
            if self.has_app and r.chance(40):
                self.record(at + r.between(20, 500) * MINUTE, "push_opened")
            if r.chance(30):
                self.record(at + r.between(30, 1500) * MINUTE, "email_opened")

    def visit(self, at, sure=False):
        r = self.random
        at, value = self.look(at)
        if sure and value == 0:
            value = r.between(40, 260) * 100
            self.record(at, "cart_updated", items="1", value=money(value))
            at += 60_000
        if value:
            wish = r.below(100)
            if sure or wish < 30 + 15 * self.keen:
                self.known = True
                self.order(at + r.between(1, 25) * MINUTE, value)
            elif wish < 48:
                self.record(at + r.between(1, 45) * MINUTE, "cart_emptied")
            else:
                self.open(at + HOUR, 1)
                if wish < 66:  # after the reminder, perhaps because of it
                    self.order(at + r.between(65, 2000) * MINUTE, value)
        elif r.chance(20):
            self.open(at + HOUR, 1)
        if r.chance(9):
            self.call(at + r.between(1, 40) * HOUR, r.pick(["order", "advice", "advice", "complaint"]))
        return at

    def live(self):
        r = self.random
        day = r.below(12) if self.comes_back else r.below(30) if self.keen else r.below(76)
        at = START + day * DAY + r.between(8 * 60, 22 * 60) * MINUTE + r.below(MINUTE)
        self.arrive(at)
        at += 1000
        if self.comes_back:
            at = self.visit(at, sure=True) + r.between(44, 62) * DAY
            at = self.visit(at, sure=r.chance(70)) + r.between(1, 6) * DAY
        if self.leaver:
            at = self.visit(at, sure=True) + r.between(1, 20) * DAY
        for _ in range(self.visits):
            at = self.visit(at)
            # Mostly another day, at another time of day; now and then the same evening.
            if r.chance(15):
                at += r.between(10, 300) * MINUTE
            else:
                day = (at - START) // DAY + r.between(1, 6 if self.keen else 14)
                at = START + day * DAY + r.between(7 * 60, 23 * 60) * MINUTE + r.below(MINUTE)


def events(random):
    log = []
    for number in range(1, VISITORS + 1):
        Visitor(number, Random(random.next()), log).live()
    kept = [entry for entry in log if entry[0] < END]
    kept.sort(key=lambda entry: entry[0])  # stable: what was written first stays first
    lines = []
    for number, (at, visitor, event, values) in enumerate(kept, 1):
        head = f'{{"visitor":"{visitor}","at":"{instant(at)}"'
        if event is None:
            lines.append(f'{head},"asked_for":[{",".join(text(slot) for slot in values)}],"id":"e{number:06d}"}}')
            continue
        inside = ",".join(f'"{name}":{value}' for name, value in values.items())
        lines.append(f'{head},"event":"{event}","id":"e{number:06d}","fields":{{{inside}}}}}')
        # A queue in front delivers at least once: now and then a record comes a second time, right behind itself.
        if event != "visitor updated" and random.below(1000) < 2:
            lines.append(lines[-1])
    return "\n".join(lines) + "\n"


def answers(random):
    """Every Monday at three in the morning: how the channels were answered by everybody, so far."""
    lines, email, push = [], 130, 140
    for week in range(12):
        at = START + (4 + 7 * week) * DAY + 3 * HOUR
        at += HOUR if at >= WINTER else 0
        email, push = email + random.between(-25, 30), push + random.between(-30, 25)
        lines.append(f'{{"at":"{instant(at)}","name":"{instant(at)[:10]}","channels":{{"email":{{"answers":{email},"sends":1000}},"push":{{"answers":{push},"sends":1000}}}}}}')
    return "\n".join(lines) + "\n"


def main():
    here = pathlib.Path(__file__).resolve().parent
    random = Random(20261001)
    made = {"events.ndjson": events(random), "answers.ndjson": answers(random)}
    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, content in made.items() if (here / name).read_bytes() != content.encode()]
        for name in wrong:
            print(f"{name} is not what make_events.py makes")
        return 1 if wrong else 0
    for name, content in made.items():
        (here / name).write_bytes(content.encode())
        print(f"{name}: {content.count(chr(10))} lines, {len(content.encode())} bytes")
    return 0


sys.exit(main())
