"""Draws the picture of the README from the tables of `traipse local sweeps/digits.toml`.

    python docs/images/digits.py traipse-out/digits docs/images/digits.svg      # needs duckdb and matplotlib
"""

import sys

import duckdb
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "traipse", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
import matplotlib.pyplot as plt

TABLES, OUT = sys.argv[1:]
COLOURS = {"16": "#1b6ca8", "64": "#d1495b", "64-64": "#3a7d44"}


def rows(query):
    return duckdb.sql(query.replace("@", TABLES)).fetchall()


def main():
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.3))
    for hidden, colour in COLOURS.items():
        path = rows(f"""select t.epoch, median(train_loss), median(distance_from_start) from '@/trajectory.parquet' t
            join '@/runs.parquet' using (run) where hidden = '{hidden}' and abs(runs.learning_rate - 0.2) < 1e-9 group by 1 order by 1""")
        epochs, loss, distance = zip(*path)
        left.semilogy(epochs, loss, color=colour, label=hidden)
        middle.plot(epochs, distance, color=colour, label=hidden)
        travel = rows(f"""select learning_rate, mean, t_low, t_high from '@/statistics.parquet'
            where hidden = '{hidden}' and metric = 'travel_fraction_q01' and n_value = n_total order by 1""")
        if travel:
            rate, mean, low, high = zip(*travel)
            right.errorbar(rate, mean, [[m - l for m, l in zip(mean, low)], [h - m for m, h in zip(mean, high)]],
                           color=colour, marker="o", capsize=3)
    walk = rows("""select learning_rate, avg(mean) from '@/statistics.parquet' where metric = 'travel_fraction_walk_q01'
        and n_value = n_total group by 1 order by 1""")
    line = rows("""select learning_rate, avg(mean) from '@/statistics.parquet' where metric = 'travel_fraction_line_q01'
        and n_value = n_total group by 1 order by 1""")
    right.plot(*zip(*line), "k--", lw=1, label="straight line")
    right.plot(*zip(*walk), "k:", lw=1, label="random walk")
    left.set(title="The loss has converged …", xlabel="epoch", ylabel="training loss (nat)")
    middle.set(title="… while the weights go on moving", xlabel="epoch", ylabel="distance from the start", ylim=(0, None))
    right.set(title="Travel after convergence (1 %)", xlabel="learning rate", ylabel="share of the displacement", ylim=(0, None), xscale="log")
    right.set_xticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"])
    right.minorticks_off()
    middle.legend(frameon=False, title="hidden")
    right.legend(frameon=False, fontsize=8, loc="lower left")
    figure.tight_layout()
    figure.savefig(OUT, metadata={"Date": None})


main()
