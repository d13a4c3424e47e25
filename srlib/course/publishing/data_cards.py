"""data/README.md, written from the catalogue and the arithmetic of the packed store."""

from srlib.course.publishing import templating
from srlib.data import catalogue, packed_store

_TRAINING_SETS = {"coco": 118_287, "ffhq": 60_000, "ffhq-thumbnails": 60_000}  # pictures to train on


def cards() -> str:
    """data/README.md: a card for each data set, and what the large ones take on disk, in Markdown."""
    return templating.render(
        "data_sets.md",
        data_sets=catalogue.DATA_SETS.values(),
        size_text=catalogue.size_text,
        budget=packed_store.BUDGET,
        stores=[_store(name, count) for name, count in _TRAINING_SETS.items()],
    )


def _store(name: str, count: int) -> dict[str, object]:
    """What a packed store of a training set takes: bytes of all its pixels, the settings that keep some, and theirs."""
    sides = catalogue.DATA_SETS[name].sides
    whole = packed_store.planned_size(sides, packed_store.Settings(), count=count)
    settings = packed_store.plan(count, whole)
    packed = packed_store.planned_size(sides, settings, count=count)
    return {"name": name, "count": count, "whole": whole, "settings": settings, "packed": packed}
