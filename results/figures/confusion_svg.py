"""A task's confusion matrix as a standalone SVG file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from results.error_analysis.view import TaskView, percent
from results.statistics.arrays import Float64
from search_spaces.output import plain

CELL_WIDTH, CELL_HEIGHT = 86, 40
LETTER_WIDTH = 7.2  # pixels, of the widest letter in a label
ACCENT = "31, 95, 191"  # as in the report
STYLE = "text { font: 13px system-ui, 'Segoe UI', Roboto, sans-serif; fill: #1b2027 } .faint { fill: #5a6472 }"


def confusion_svg(view: TaskView, role: str) -> str:
    """Draw the row-normalized matrix of the configuration `role` ("best", "baseline"): rows true, columns predicted.

    Raises:
        ValueError: there are no predictions for that role.
    """
    if role not in view.heat:
        raise ValueError(f"{view.name} has no predictions for the {role}. Known roles: {', '.join(view.heat)}.")
    names, shares = view.heat_names, view.heat[role]
    title = f"{view.name}: confusion matrix of the {role}, dev, {len(view.errors.sides[role].seeds)} seeds"
    kind = "bins of the score, by their lower edges" if view.errors.kind == "scores" else "classes"
    return _svg(title, f"rows: true {kind}; columns: predicted {kind}; cells: share of the row", names, shares)


def _svg(title: str, subtitle: str, names: Sequence[str], shares: Float64) -> str:
    left = 20 + LETTER_WIDTH * max(len(name) for name in names)
    width, height = left + CELL_WIDTH * len(names) + 20, 96 + CELL_HEIGHT * len(names) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{_text(title)}">',
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="20" y="28" font-weight="600">{_text(title)}</text>',
        f'<text x="20" y="50" class="faint">{_text(subtitle)}</text>',
    ]
    for index, name in enumerate(names):
        x, y = left + CELL_WIDTH * (index + 0.5), 96 + CELL_HEIGHT * (index + 0.5) + 5
        is_long = len(name) * LETTER_WIDTH > CELL_WIDTH - 8
        squeeze = f' textLength="{CELL_WIDTH - 8}" lengthAdjust="spacingAndGlyphs"' if is_long else ""
        parts.append(f'<text x="{x:.0f}" y="86" text-anchor="middle" class="faint"{squeeze}>{_text(name)}</text>')
        parts.append(f'<text x="{left - 10:.0f}" y="{y:.0f}" text-anchor="end" class="faint">{_text(name)}</text>')
    for true, row in enumerate(shares):
        for predicted, share in enumerate(row):
            x, y = left + CELL_WIDTH * predicted, 96 + CELL_HEIGHT * true
            parts.append(
                f'<rect x="{x:.0f}" y="{y}" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" stroke="#e2e5e9" '
                f'fill="rgba({ACCENT}, {0.55 * float(share):.3f})"/>'
                f'<text x="{x + CELL_WIDTH / 2:.0f}" y="{y + CELL_HEIGHT / 2 + 5:.0f}" text-anchor="middle">'
                f"{percent(float(share))}</text>"
            )
    return "".join([*parts, "</svg>\n"])


def _text(text: str) -> str:
    return escape(plain(text))
