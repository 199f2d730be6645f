#!/usr/bin/python3
"""plot.py JSON DIR: draws the report of bench_scale: scale-rest.svg, scale-times.svg and
scale-catch-up.svg in DIR.

"ours" is what a member of muster does; "each answered alone" is the same without the repair by
multicast of what many miss; "older way" is a negative acknowledgement answered by multicast. Where
an axis begins with 0, a line at the very bottom is zero. There is no point where nothing was missed.
"""
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from plotting import draw_all, plt  # noqa: E402  (it is found by then)

LOSSES = ("0.1%", "1%", "5%")
WHOSE = {"requester": "at the requester, for each\nchange that it missed", "owner": "at the owner,\nfor each change", "bystander": "at a member that missed\nnothing, for each change"}
KINDS = {"each": "lost at each receiver by itself", "all": "lost at the sender: all miss it"}


def read(path):
    """{what: ([members], [value], [floor])} of the report's rows."""
    lines = {}
    for row in json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["rows"]:
        what, members = row["id"].removeprefix("F7.").rsplit(".", 1)
        line = lines.setdefault(what, ([], [], []))
        for values, value in zip(line, (int(members), row["value"], row["floor"])):
            values.append(value)
    return lines


def axes_of_members(axes, lines):
    members = lines["rest.cpu"][0]
    axes.set_xscale("log")
    axes.set_xticks(members, [f"{n:,}" for n in members])
    axes.minorticks_off()
    axes.set_xlabel("members")
    axes.grid(True, alpha=0.3)


def draw(axes, lines, labels, title, unit):
    for what, label in labels.items():
        axes.plot(lines[what][0], lines[what][1], marker="o", label=label)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes_of_members(axes, lines)
    axes.legend(frameon=False)


def rest(lines):
    figure, (packets, volume, processor) = plt.subplots(1, 3, figsize=(13, 4))
    draw(packets, lines, {"rest.packets_received": "received", "rest.packets_sent": "sent"},
         "Packets", "packets for each member and second")
    draw(volume, lines, {"rest.bytes_received": "received", "rest.bytes_sent": "sent"},
         "Bytes on the wire", "bytes for each member and second")
    draw(processor, lines, {"rest.cpu": "protocol, without transport"},
         "Processor", "µs for each member and second")
    for axes in (packets, volume, processor):
        axes.set_yscale("log")
    figure.suptitle("A cluster at rest, preset lan (a heartbeat each 100 ms)")
    return figure


def times(lines):
    figure, axes = plt.subplots(figsize=(8, 5))
    draw(axes, lines,
         {"mass_crash": "a third crashes at once: all know",
          "detection.worst": "one crashes: the last knows",
          "detection.median": "one crashes: half know",
          "mass_join": "all join at once: all synchronized",
          "join_one": "one joins: it is synchronized",
          "cut_off": "one was deaf, and hears again: all agree",
          "change_at_1%_loss.worst": "one change at 1 % loss: the last has it",
          "change.worst": "one change, no loss: the last has it"},
         "Time to converge, preset lan", "ms of virtual time")
    axes.set_yscale("log")
    axes.legend(frameon=False, bbox_to_anchor=(1.01, 1), loc="upper left")
    return figure


def catch_up(lines):
    figure, grid = plt.subplots(2, 3, figsize=(13, 8), sharex=True, sharey="col")
    for row, (kind, when) in zip(grid, KINDS.items()):
        for axes, (whose, where) in zip(row, WHOSE.items()):
            for color, loss in enumerate(LOSSES):
                members, ours, theirs = lines.get(f"catch_up.{whose}.{kind}.{loss}", ([], [], []))
                axes.plot(members, ours, f"C{color}o-", label=f"{loss} lost: ours")
                axes.plot(members, theirs, f"C{color}x--", label="older way")
                # Where nothing was lost there is no row, in the one run or in the other.
                members, alone, _ = lines.get(f"catch_up_alone.{whose}.{kind}.{loss}", ([], [], []))
                axes.plot(members, alone, f"C{color}^:", label="each answered alone")
            axes_of_members(axes, lines)
            if whose == "requester":
                axes.set_ylim(0, 2.5)
            else:
                axes.set_yscale("symlog", linthresh=1e-3)
                axes.set_ylim(0, None)
            axes.set_title(f"Packets of repair {where}", fontsize=10)
            axes.set_ylabel(when if whose == "requester" else "")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=len(LOSSES), frameon=False, fontsize=9,
                  loc="lower center", bbox_to_anchor=(0.5, -0.09))
    figure.suptitle("Catching up, 200 changes a second of one owner")
    return figure


if __name__ == "__main__":
    draw_all(__doc__, "scale", read, (rest, times, catch_up))
