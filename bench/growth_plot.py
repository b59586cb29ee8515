"""docs/plots/growth.svg: what each step costs over how much is stored, both axes by powers of ten; a panel a backend."""
import math
from html import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 440, 330, 44, 34, 130, 34
COLOURS = ("#1f5fa8", "#b4561c", "#2d7d46", "#7a3e9d", "#a01f45", "#777777", "#0f8a8a", "#c28a00", "#5b5bd6", "#8a4b2a", "#222222")


def spread(wanted, least=11):
    """The same heights, moved apart so that names do not cover each other."""
    placed = []
    for y in sorted(wanted):
        placed.append(max(y, placed[-1] + least) if placed else y)
    return placed


def panel(name, lines, x):
    """lines: {step: [(stored, p50 us), ...]}"""
    stored = sorted({n for points in lines.values() for n, _ in points})
    us = [v for points in lines.values() for _, v in points]
    low, high = math.floor(math.log10(min(us))), math.ceil(math.log10(max(us)))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    first, last = math.log10(stored[0]), math.log10(stored[-1])

    def at(n, v):
        return x + LEFT + (math.log10(n) - first) / (last - first or 1) * wide, TOP + tall * (high - math.log10(v)) / (high - low or 1)

    out = [f'<text x="{x + LEFT}" y="16" class="name">{escape(name)}</text>',
           f'<text x="{x + LEFT}" y="{TOP - 6}" class="unit">microseconds, median of 300</text>']
    for power in range(low, high + 1):
        _, y = at(stored[0], 10 ** power)
        out.append(f'<path d="M{x + LEFT} {y:.1f}h{wide}" class="grid"/><text x="{x + LEFT - 4}" y="{y + 3:.1f}" class="unit" '
                   f'text-anchor="end">{10 ** power:,}</text>')
    for n in stored:
        a, _ = at(n, 10 ** low)
        out.append(f'<text x="{a:.1f}" y="{TOP + tall + 14}" class="unit" text-anchor="middle">{n:,}</text>')
    out.append(f'<text x="{x + LEFT + wide / 2}" y="{HEIGHT - 6}" class="unit" text-anchor="middle">reports stored</text>')
    by_end = sorted(lines, key=lambda step: -lines[step][-1][1])
    heights = spread([at(*lines[step][-1])[1] for step in by_end])
    for step, y, colour in zip(by_end, heights, COLOURS):
        points = [at(*p) for p in lines[step]]
        out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" stroke="{colour}" class="line"/>')
        for (a, b), (n, v) in zip(points, lines[step]):
            out.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{colour}"><title>{escape(step)}, {n:,} stored: {v:.0f} us</title></circle>')
        out.append(f'<text x="{x + LEFT + wide + 8}" y="{y + 3:.1f}" fill="{colour}">{escape(step)}</text>')
    return out


def draw(rows):
    """rows: the newest of each figure of the bench `growth`."""
    panels = {}
    for r in rows:
        name, _, step = r["what"].partition(": ")
        panels.setdefault(name, {})[step.rpartition(", ")[0]] = [(n, p50) for n, p50, _ in r["at"]]
    w = WIDTH * len(panels)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {HEIGHT}" width="{w}" height="{HEIGHT}" font-family="sans-serif" font-size="10">',
           "<style>.name{font-weight:bold}.unit{fill:#666}.grid{fill:none;stroke:#ddd}.line{fill:none;stroke-width:1.5}</style>",
           f'<rect width="{w}" height="{HEIGHT}" fill="#fff"/>']
    for i, (name, lines) in enumerate(panels.items()):
        out += panel(f"{name} ({rows[-1]['cpu']}, {rows[-1]['date'][:10]})", lines, i * WIDTH)
    return "\n".join([*out, "</svg>"]) + "\n"
