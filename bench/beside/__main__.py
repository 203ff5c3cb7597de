"""``make bench``: the workloads of ingest beside an open peer, medians and paired ratios.

    python -m beside [--repeats 5] [--only c-store-ct]

Trust ratios of one run, and CPU seconds before rates when the machine is busy.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from beside.measure import Meter
from beside.objects import write
from beside.senders import c_store, stow, together
from beside.targets import START, Target, peers


@dataclass(frozen=True)
class Workload:
    """What is sent, how much of it, over how many connections at once."""

    door: str
    kind: str
    count: int
    connections: int


WORKLOADS = {
    "c-store-ct-1": Workload("dimse", "ct", 400, 1),
    "c-store-ct-4": Workload("dimse", "ct", 400, 4),
    "c-store-ct-8": Workload("dimse", "ct", 400, 8),
    "c-store-mr-4": Workload("dimse", "mr", 1000, 4),
    "c-store-tomo-1": Workload("dimse", "tomo", 3, 1),
    "stow-ct-4": Workload("stow", "ct", 400, 4),
}
COLUMNS = ("instances/s", "MB/s", "CPU s/1000", "memory growth MB")


def run(workload: Workload, target: Target, files: list[Path]) -> dict[str, float]:
    """One repeat of one workload against a fresh server."""
    parts = [files[i :: workload.connections] for i in range(workload.connections)]
    assert target.process is not None
    with Meter(target.process.pid) as meter:
        if workload.door == "stow":
            seconds, refused = together(stow, [(target.url, target.token, part) for part in parts])
        else:
            seconds, refused = together(c_store, [(target.dimse, target.title, workload.kind, part) for part in parts])
    if refused:
        raise RuntimeError(f"{target.name} refused {refused} of {len(files)}")
    size = sum(path.stat().st_size for path in files)
    per_thousand = meter.cpu / len(files) * 1000
    figures = (len(files) / seconds, size / seconds / 1e6, per_thousand, meter.growth / 1e6)
    return dict(zip(COLUMNS, figures, strict=True))


def report(name: str, results: dict[str, list[dict[str, float]]]) -> None:
    """Medians, and each target's ratio to the peer, pair by pair."""
    print(f"\n## {name}\n\n| target | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    base = next((results[peer] for peer in results if peer != "filmless"), None)
    for target, rows in results.items():
        cells = []
        for column in COLUMNS:
            cell = f"{statistics.median(row[column] for row in rows):.4g}"
            if base is not None and target == "filmless":
                ratios = [row[column] / other[column] for row, other in zip(rows, base, strict=True) if other[column]]
                cell += f" (x{statistics.median(ratios):.3g})" if ratios else ""
            cells.append(cell)
        print(f"| {target} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Parses the command line and runs what it asks."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="beside", description=__doc__, formatter_class=as_written)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(WORKLOADS), choices=list(WORKLOADS))
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "filmless-bench")
    chosen = parser.parse_args()
    targets = [*peers(), "filmless"]
    print(f"Targets: {', '.join(targets)}; load {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors")
    for name in chosen.only:
        workload = WORKLOADS[name]
        files = write(chosen.scratch / workload.kind, workload.kind, workload.count)
        results: dict[str, list[dict[str, float]]] = {target: [] for target in targets}
        for repeat in range(chosen.repeats):
            for target in targets:
                server = START[target](chosen.scratch / f"{target}-{repeat}-{os.getpid()}")
                try:
                    results[target].append(run(workload, server, files))
                finally:
                    server.stop()
        report(name, results)


main()
