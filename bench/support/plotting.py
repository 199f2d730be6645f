"""What the suites' plot.py share: how the figures of a report become files."""
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)


def draw_all(usage, suite, read, plots):
    """The command of plot.py, JSON DIR: each of `plots` makes a figure of what `read` returns."""
    if len(sys.argv) != 3:
        sys.exit(usage)
    report, folder = read(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    plt.rcParams["svg.hashsalt"] = "muster"  # the same figures, the same file
    plt.rcParams["svg.fonttype"] = "none"
    for plot in plots:
        figure = plot(report)
        figure.tight_layout()
        file = folder / f"{suite}-{plot.__name__.replace('_', '-')}.svg"
        figure.savefig(file, metadata={"Date": None}, bbox_inches="tight")
        print(file)
