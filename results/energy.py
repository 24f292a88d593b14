"""The energy of a study's machine while it ran, as its launches wrote it down (`study.energy`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from results.rows import JsonObject, StudyRow
from results.wording import duration

ENERGY = "energy"  # the key of `decisions_json` under which launches add it up
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Energy:
    """What counters of the driver's machine showed while its launches ran: all of it, other programs' part too.

    `joules` over `seconds`; `of` names what was counted.
    """

    joules: float
    seconds: float
    of: tuple[str, ...]

    def plus(self, other: Energy) -> Energy:
        """Both launches together."""
        return Energy(
            self.joules + other.joules, self.seconds + other.seconds, tuple(dict.fromkeys(self.of + other.of))
        )

    def sentence(self) -> str:
        """For people."""
        kwh = self.joules / JOULES_PER_KWH
        amount = f"{kwh:.2f} kWh" if kwh >= 0.1 else f"{1000 * kwh:.1f} Wh"
        return (
            f"Energy: {amount} in {duration(self.seconds)}, by the counters of {' and '.join(self.of)} of the driver's "
            "machine; what else ran there is in it."
        )

    def as_json(self) -> JsonObject:
        """As `decisions_json` and `--json` have it."""
        return {**asdict(self), "of": list(self.of)}


def energy_of(study: StudyRow) -> Energy | None:
    """What all launches of the study measured together; None where no counter could be read."""
    found = study.decisions_json.get(ENERGY)
    return Energy(float(found["joules"]), float(found["seconds"]), tuple(found["of"])) if found else None
