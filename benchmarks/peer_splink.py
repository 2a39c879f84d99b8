"""Link the same reports with splink on DuckDB, and with us, in a process of its own.

Arguments: `python -m peer_splink reports` for a mission, or `python -m peer_splink pairs seed` for the made
pairs of two teams. splink gets what it is made for: day and cells of two sizes as blocking rules, distance,
time and kind as comparisons with levels, u by random sampling, m by expectation maximisation, connected
components at the threshold. It knows no uncertainty of a single report and no local density. Prints JSON.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from bench_linkage import score_pairs
from book import HERE, N_CORES, report
from linkage_cases import make_reports

SEED = 4
P_MATCH = 0.5


def cluster_with_splink(frame: Any) -> np.ndarray:
    """Return the cluster of each row of a frame with report_id, lon, lat, middle (hours), kind."""
    import duckdb
    import splink.comparison_library as compare
    from splink import Linker, SettingsCreator, block_on
    from splink.internals.duckdb.database_api import DuckDBAPI

    connection = duckdb.connect()
    connection.execute(f"SET threads = {N_CORES}")
    api = DuckDBAPI(connection)
    hours = {
        "output_column_name": "hours",
        "comparison_levels": [
            {"sql_condition": "middle_l IS NULL OR middle_r IS NULL", "label_for_charts": "none",
             "is_null_level": True},
            *[{"sql_condition": f"abs(middle_l - middle_r) <= {h}", "label_for_charts": f"{h} h"}
              for h in (0.1, 3, 13, 25)],
            {"sql_condition": "ELSE", "label_for_charts": "other"},
        ],
    }  # fmt: skip
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="report_id",
        blocking_rules_to_generate_predictions=[
            block_on("day", "cell"), block_on("day", "cell_moved"), block_on("day_moved", "cell"),
        ],
        comparisons=[
            compare.DistanceInKMAtThresholds("lat", "lon", [0.1, 0.3, 1, 3]),
            hours,
            compare.ExactMatch("kind"),
        ],
        retain_intermediate_calculation_columns=False,
    )  # fmt: skip
    linker = Linker(api.register(frame), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on("day", "cell")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("day", "cell"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("cell", "kind"))
    predicted = linker.inference.predict(threshold_match_probability=P_MATCH)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, P_MATCH)
    found = connection.execute(
        f"SELECT report_id, cluster_id FROM {clusters.physical_name} ORDER BY report_id"  # noqa: S608
    ).fetchnumpy()
    return np.unique(found["cluster_id"].astype(str), return_inverse=True)[1]


def columns_for_splink(reports: Any) -> Any:
    """Return the frame splink links: plain columns, with cells of some five kilometres for blocking."""
    import pandas as pd

    start = reports["time_from"].to_numpy(dtype="datetime64[us]").astype(np.int64) / 3.6e9
    end = reports["time_to"].to_numpy(dtype="datetime64[us]").astype(np.int64) / 3.6e9
    middle = (start + end) / 2
    lon, lat = reports["lon"].to_numpy(dtype=float), reports["lat"].to_numpy(dtype=float)

    def cell(shift: float) -> np.ndarray:
        column, row = np.floor(lon / 0.07 + shift), np.floor(lat / 0.045 + shift)
        return (row * 100_000 + column).astype(np.int64)

    return pd.DataFrame(
        {
            "report_id": reports["report_id"].to_numpy(dtype=np.int64),
            "lon": lon,
            "lat": lat,
            "middle": middle,
            "day": np.floor(middle / 24).astype(np.int64),
            "day_moved": np.floor(middle / 24 + 0.5).astype(np.int64),
            "cell": cell(0.0),
            "cell_moved": cell(0.5),
            "kind": reports["kind"].astype(str),
        }
    )


def main() -> None:
    """Link with both and tell time and quality."""
    from truceline.events.linkage import link

    if sys.argv[1] == "pairs":
        report(_pairs(int(sys.argv[2])))
        return
    reports = make_reports(int(sys.argv[1]))
    truth = reports["truth"].astype(int).to_numpy()
    link(reports.iloc[:500])
    told: dict[str, Any] = {}
    for name, run in (
        ("ours", lambda: link(reports).links["incident_id"].to_numpy(dtype=np.int64)),
        ("splink", lambda: cluster_with_splink(columns_for_splink(reports))),
    ):
        started = time.perf_counter()
        incident = run()
        spent = time.perf_counter() - started
        recall, precision = score_pairs(incident, truth)
        told[name] = {"seconds": spent, "recall": recall, "precision": precision}
    report(told)


def _pairs(seed: int) -> dict[str, float]:
    """Return splink's score on made pairs."""
    sys.path.insert(0, str(HERE.parent / "tests" / "unit" / "events"))
    from made_pairs import make_pairs

    from truceline.events.linkage_score import evaluate_linkage, make_point_reports

    made = make_pairs(seed)
    reports = make_point_reports(made.records)
    clusters = cluster_with_splink(columns_for_splink(reports))
    incident_of = dict(zip(reports["report_id"].tolist(), clusters.tolist(), strict=True))
    score = evaluate_linkage(reports, made.pairs, incident_of=incident_of)
    return {
        "recall": score.recall,
        "precision": score.precision,
        "mean_size_of_pairs": score.mean_size_of_pairs,
        "largest": score.largest,
    }


if __name__ == "__main__":
    main()
