"""What the benchmark scripts share: the machine, Markdown tables, a plot as SVG."""
import math
import os
import platform
import re
import subprocess
import time


def machine():
    def first(command):
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
        except (OSError, IndexError):
            return None

    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = file.read()
    cpu = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    flags = (re.search(r"^flags\s*: (.*)$", info, re.MULTILINE) or [None, ""])[1].split()
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"MemTotal:\s*(\d+)", file.read())[1])
    pages = "/sys/kernel/mm/transparent_hugepage/enabled"
    if os.path.exists(pages):
        with open(pages, encoding="utf-8") as file:
            pages = (re.search(r"\[(\w+)\]", file.read()) or [None, "unknown"])[1]
    else:
        pages = "none"
    return {"date": time.strftime("%-d %B %Y"), "cpu": cpu[1] if cpu else platform.processor(), "cores": os.cpu_count(), "memory_gib": round(memory / (1 << 20), 1), "widest": next((n for f, n in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if f in flags), "none"),
            "kernel": platform.release(), "huge_pages": pages, "gxx": first(["g++", "--version"]), "clang": first(["clang++-19", "--version"]), "load": round(os.getloadavg()[0], 2)}


def says(m):
    return f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['widest']}; Linux {m['kernel']}, huge pages {m['huge_pages']}; load {m['load']} when it began"


def nanoseconds(ns):
    if ns is None:
        return "–"
    return f"{ns:.0f}" if ns < 10_000 else f"{ns / 1e3:,.1f} µs" if ns < 10e6 else f"{ns / 1e6:,.1f} ms"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|"] + ["| " + " | ".join(r) + " |" for r in rows]) + "\n"


COLOURS = ["#1b6ca8", "#d1495b", "#3c8d40", "#8a5fbf", "#c98a00", "#555555"]


def plot(title, across, up, series):
    """Both axes logarithmic. series: name -> [(x, y), …]. The SVG as text."""
    points = [p for s in series.values() for p in s]
    if not points:
        return None
    width, height, left, right, top, bottom = 760, 460, 80, 150, 40, 50
    low = [math.floor(math.log10(min(p[i] for p in points))) for i in (0, 1)]
    high = [max(low[i] + 1, math.ceil(math.log10(max(p[i] for p in points)) - 1e-9)) for i in (0, 1)]
    x = lambda v: left + (math.log10(v) - low[0]) / (high[0] - low[0]) * (width - left - right)
    y = lambda v: height - bottom - (math.log10(v) - low[1]) / (high[1] - low[1]) * (height - top - bottom)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="22" font-size="15">{title}</text>']
    for e in range(low[0], high[0] + 1):
        out.append(f'<line x1="{x(10**e):.1f}" y1="{top}" x2="{x(10**e):.1f}" y2="{height - bottom}" stroke="#ddd"/><text x="{x(10**e):.1f}" y="{height - bottom + 18}" text-anchor="middle">{10**e:,}</text>')
    for e in range(low[1], high[1] + 1):
        label = f"{10**e:,}" if e >= 0 else str(10.0**e)
        out.append(f'<line x1="{left}" y1="{y(10.0**e):.1f}" x2="{width - right}" y2="{y(10.0**e):.1f}" stroke="#ddd"/><text x="{left - 8}" y="{y(10.0**e) + 4:.1f}" text-anchor="end">{label}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle">{across}</text>')
    out.append(f'<text transform="translate(20 {(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">{up}</text>')
    ends = []
    for i, (name, s) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        s = sorted(s)
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in s)}"/>')
        out += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in s]
        ends.append([y(s[-1][1]), x(s[-1][0]), name, colour])
    ends.sort()
    for before, end in zip([None] + ends, ends):  # names do not stand on each other
        end[0] = end[0] if before is None else max(end[0], before[0] + 14)
    out += [f'<text x="{at + 8:.1f}" y="{up_ + 4:.1f}" fill="{colour}">{name}</text>' for up_, at, name, colour in ends]
    return "\n".join(out) + "\n</svg>\n"
