"""The factor `adapter`: the layers that a task adds to the shared encoder, and their width.

Settings have the paths `adapters.<name>.<setting>`, so each is a conditional factor under its adapter.
"""

from __future__ import annotations

from search_spaces.grammar import Constraint, Factor, Level, levels_of, off_on


def _width(adapter: str) -> Factor:
    return Factor(
        "width",
        "nuisance",
        "204",  # Stickland & Murray; Zhang; Hurtado & Teaw: all for an encoder of width 768
        levels_of(f"adapters.{adapter}.width", 64, 204),  # 64: Houlsby et al. 2019, Table 1, the middle of 8, 64, 256
        about="The width between the adapter's two maps.",
    )


def _gelu(adapter: str, where: str) -> Factor:
    return Factor(
        "gelu",
        "scientific",
        "off",
        off_on(f"adapters.{adapter}.gelu", off="as in Zhang's formula", on="as in Stickland & Murray's code"),
        about=f"Whether a GELU stands {where}.",
    )


ADAPTER = Factor(
    "adapter",
    "scientific",
    "none",
    (
        Level("none"),
        Level("pal", factors=(_width("pal"), _gelu("pal", "after the last map"))),
        Level("low_rank", factors=(_width("low_rank"), _gelu("low_rank", "between the two maps"))),
        Level("houlsby", factors=(_width("houlsby"),)),
        Level("top_layer", {"adapters.top_layer": {}}),
        Level(
            "low_rank+top_layer",
            {"adapters.top_layer": {}},
            factors=(_width("low_rank"), _gelu("low_rank", "between the two maps of low rank")),
            note="Zhang's best",
        ),
        Level(
            "pal+top_layer",
            {"adapters.top_layer": {}},
            factors=(_width("pal"), _gelu("pal", "after the last map of PAL")),
            note="one of Zhang's further combinations, which prints none of them",
        ),
        Level(
            "houlsby+top_layer",
            {"adapters.top_layer": {}},
            factors=(_width("houlsby"),),
            note="one of Zhang's further combinations, which prints none of them",
        ),
        Level(
            "lora",
            factors=(
                Factor(
                    "rank",
                    "nuisance",
                    "8",  # Hu et al. 2021, Table 9
                    (
                        Level("4", {"adapters.lora.rank": 4, "adapters.lora.alpha": 4.0}),
                        Level("8", {"adapters.lora.rank": 8, "adapters.lora.alpha": 8.0}),
                        Level("16", {"adapters.lora.rank": 16, "adapters.lora.alpha": 16.0}),
                    ),
                    about="The rank of what is added to queries and values.",
                ),
            ),
        ),
    ),
    about="What each task adds to the layers of the shared encoder.",
)

# For spaces that also have the factor `trainable`.
ADAPTER_CONSTRAINTS = (
    Constraint(
        when={"trainable": ("adapters_and_heads",)},
        forbid={"adapter": ("none",)},
        reason="Without an adapter adapters_and_heads is heads.",
    ),
    Constraint(
        when={"trainable": ("heads",)},
        forbid={"adapter": tuple(name for name in ADAPTER.level_names() if name != "none")},
        reason="An adapter starts at zero, so one that is never trained does nothing.",
    ),
)
