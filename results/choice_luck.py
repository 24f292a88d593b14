"""By how much the choice of the best flatters it: it was chosen by the runs that its ablation is compared with."""

from __future__ import annotations

from results.path import luck_of_best
from results.summary import Summary
from results.wording import plural


def choice_luck(found: Summary) -> float | None:
    """How much too high the best's mean is on average for having been the highest of those confirmed, score units.

    `path.luck_of_best` of the confirmed configurations' means, with the noise of a row of the ablation. None for a
    grid, whose rows are compared with the baseline, and where nothing was chosen or no row is compared.
    """
    differences = [row.comparison.difference for row in found.ablation if row.comparison is not None]
    means = [entry.mean for entry in found.leaderboard]
    if found.is_grid or not differences or len(means) < 2:
        return None
    return luck_of_best(means, differences[0])


def choice_note(found: Summary) -> str:
    """The limit that this sets to the table's verdicts, for people; empty where there is none."""
    luck = choice_luck(found)
    if luck is None:
        return ""
    return (
        f"The best was chosen of {plural(len(found.leaderboard), 'confirmed configuration')} by the very runs that the "
        f"rows are compared with. Given how these differ and how noisy a row is, that flatters it by about "
        f"{100 * luck:.1f} points on average: so far every row leans towards hurts. Neither points nor verdicts take "
        "it off; where the confirmed are close, a few more tables than 5 % have a wrong verdict."
    )
