"""The five reports: their tables' spaces, their files beside the real data, and what they print under two labels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DATA = os.environ.get("MTBERT_DATA")
REPORTS = Path(_DATA).parent / "reports" if _DATA else Path(__file__).resolve().parents[3] / "shared" / "reports"
needs_reports = pytest.mark.skipif(
    not REPORTS.is_dir() and not os.environ.get("CI"), reason=f"the reports are not in {REPORTS} (set MTBERT_DATA)"
)
SPACES = (
    "hurtado_teaw_table1",
    "kumar_single_task",
    "kumar_sts_heads",
    "kumar_multitask",
    "zhang_pooling",
    "zhang_loss_balancing",
    "zhang_curricula",
    "zhang_adapters",
    "thapa_khurana_table1",
    "sankhe_table4",
)
# Spaces of what a report tried without a table of scores that the three tasks have.
WITHOUT_TABLE = ("hurtado_teaw_training", "hurtado_teaw_tuning", "thapa_khurana_weights")
# Rows without numbers in the report: another reading of a row, and combinations that it speaks of.
UNPRINTED: dict[str, tuple[str, ...]] = {
    "sankhe_table4": ("MTFT, encoder frozen",),
    "zhang_adapters": ("PAL + Top", "Houlsby + Top"),
}
# Rows that a report prints again elsewhere, under another label.
ALSO = {
    ("thapa_khurana_t1_test", "Test"): "0",
    ("thapa_khurana_fig1", "SMART regularization enabled"): "0",
    ("thapa_khurana_fig1", "SMART regularization disabled"): "8",
    ("zhang_text_test", "test set (text)"): "Low Rank + Top",
    ("zhang_text_dev", "development set (text)"): "Low Rank + Top",
}
