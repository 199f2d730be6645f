#!/usr/bin/python3
"""plot.py JSON DIR: draws the report of bench_messaging: messaging-round-trip.svg,
messaging-rate.svg and messaging-load.svg in DIR.

A point is a median over rounds, the bar through it goes from the first quartile to the third. A way
without a point could not be measured: the report says why.
"""
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from plotting import draw_all, plt  # noqa: E402  (it is found by then)

WAYS = {"bare": "bare port (memif)", "inline": "muster inline", "topic": "muster inline, a topic",
        "pipelined": "muster pipelined",
        "sockets": "muster over kernel sockets", "udp": "kernel UDP",
        "udp_batched": "kernel UDP, batched", "zeromq": "ZeroMQ (TCP)", "sockperf": "sockperf (UDP)"}
PERCENTS = (10, 50, 90)
LOADED = {"64": "messages of 64 bytes", "packet": "messages that fill a packet"}
PERCENTILES = ("p50", "p99", "p99.9")


def read(path):
    """{id: row} of the report's rows that have a value; the axes have no place for zero."""
    rows = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["rows"]
    return {row["id"]: row for row in rows if row["value"]}


def draw(axes, points, **style):
    """points: [(x, row or None)]; values are divided by `unit`."""
    unit = style.pop("unit")
    points = [(x, row) for x, row in points if row]
    if not points:
        return
    values = [row["value"] / unit for _, row in points]
    spans = [row["quartiles"] or (row["value"], row["value"]) for _, row in points]
    bars = [[value - low / unit for value, (low, _) in zip(values, spans)],
            [high / unit - value for value, (_, high) in zip(values, spans)]]
    axes.errorbar([x for x, _ in points], values, yerr=bars, marker="o", capsize=2, **style)


def with_legend(figure):
    for axes in figure.axes:
        axes.grid(True, alpha=0.3)
    # A way may be missing from one of the axes.
    handles = {label: handle for axes in figure.axes
               for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), ncols=4, frameon=False, loc="upper center",
                  bbox_to_anchor=(0.5, 0))
    return figure


def round_trip(rows):
    """How often a round trip of 64 bytes took how long, and how that changes with the size."""
    figure, (spread, sizes) = plt.subplots(1, 2, figsize=(13, 5))
    for color, (way, label) in enumerate(WAYS.items()):
        buckets = rows.get(f"ping.{way}.64.p50", {}).get("histogram")
        if buckets:
            total, seen, times, shares = sum(count for _, count in buckets), 0, [], []
            for duration, count in buckets:
                # The share that took longer: a tail is read off a logarithmic axis.
                times.append(duration / 1e3)
                shares.append((total - seen) / total)
                seen += count
            spread.step(times, shares, where="post", color=f"C{color}", label=label)
        names = ["8", "64", "256", "1KiB", "packet"]
        draw(sizes, [(at, rows.get(f"ping.{way}.{name}.p50")) for at, name in enumerate(names)],
             unit=1e3, color=f"C{color}", label=label)
    spread.set(xscale="log", yscale="log", xlabel="µs", ylabel="share of round trips that took longer",
               title="Round trip of 64 bytes")
    sizes.set(yscale="log", ylabel="µs, median", xlabel="bytes", title="Round trip by size")
    sizes.set_xticks(range(5), names)
    return with_legend(figure)


def rate(rows):
    """Throughput against size."""
    figure, (messages, volume) = plt.subplots(1, 2, figsize=(13, 5))
    sizes = {"8": 8, "64": 64, "256": 256, "1KiB": 1 << 10, "packet": None, "8KiB": 8 << 10,
             "64KiB": 64 << 10, "1MiB": 1 << 20}
    for axes, figure_name, unit in ((messages, "messages", 1e6), (volume, "bytes", 1e6)):
        for color, (way, label) in enumerate(WAYS.items()):
            points = []
            for name, size in sizes.items():
                row = rows.get(f"rate.{way}.{name}.{figure_name}")
                if row and size is None:  # what fills a packet differs a little from way to way
                    size = rows[f"rate.{way}.{name}.bytes"]["value"] / rows[f"rate.{way}.{name}.messages"]["value"]
                points.append((size, row))
            draw(axes, points, unit=unit, color=f"C{color}", label=label)
        axes.set(xscale="log", yscale="log", xlabel="bytes of a message")
        axes.set_xscale("log", base=2)
    messages.set(ylabel="million messages a second", title="Highest rate, one way")
    volume.set(ylabel="MB/s", title="The same in bytes")
    return with_legend(figure)


def load(rows):
    """Latency against load, from when each message was due."""
    figure, grid = plt.subplots(len(LOADED), len(PERCENTILES), figsize=(14, 8), sharex=True,
                                sharey="row")
    for line, (size, what) in zip(grid, LOADED.items()):
        for axes, percentile in zip(line, PERCENTILES):
            for color, (way, label) in enumerate(WAYS.items()):
                draw(axes, [(percent, rows.get(f"load.{way}.{size}.{percent}%.{percentile}"))
                            for percent in PERCENTS], unit=1e3, color=f"C{color}", label=label)
            axes.set(yscale="log", title=f"{what}, {percentile}", xlabel="% of the way's highest rate")
            axes.set_xticks(PERCENTS)
        line[0].set_ylabel("µs from due to delivered")
    return with_legend(figure)


if __name__ == "__main__":
    draw_all(__doc__, "messaging", read, (round_trip, rate, load))
