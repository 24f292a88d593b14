"""Why an interval is wide: few seeds, or few dev examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from results.analysis.cautions import wide_interval
from results.analysis.contrasts import Comparison
from results.database.rows import StudyRow
from results.statistics import Difference, Noise, row_of_scores

STUDY = StudyRow(
    study_name="s", space="s", goal="g", command="c", data_source="d", data_made_up=False, data_fingerprint="f",
    backbone="", seed=0,
)  # fmt: skip
FEW_EXAMPLES = "The interval is wide because there are few dev examples: "


def comparison(estimate: float, noise: Noise) -> Comparison:
    row = replace(row_of_scores(np.zeros(4)), example_df=noise.example_df)
    return Comparison(Difference(estimate, noise), (1, 2, 3, 4), "seeds and examples", row)


@pytest.mark.parametrize("noise", [Noise(1e-5, 1e-3, 3, 199), Noise(1e-3, 1e-5, 30, 199, 9e-4)])
def test_where_examples_make_the_noise_more_of_them_are_advised(noise: Noise) -> None:
    found = wide_interval([comparison(0.05, noise)], STUDY)
    number = int(found.removeprefix(FEW_EXAMPLES).partition(" more dev examples per task would detect")[0])
    assert 200 < number < 2000 and found.endswith("would detect a difference of this size in 4 of 5 studies.")
    tiny = wide_interval([comparison(0.001, noise)], STUDY)
    assert tiny == f"{FEW_EXAMPLES}more of them would narrow it more than further seeds."


def test_where_seeds_make_the_noise_more_of_them_are_advised() -> None:
    found = wide_interval([comparison(0.05, Noise(1e-3, 1e-5, 3, 199))], STUDY)
    assert found.startswith("The interval is wide because scores vary too much between seeds. About ")
    assert "dev examples" not in found
