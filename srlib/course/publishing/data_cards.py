"""data/README.md, written from the catalogue and the arithmetic of the packed store."""

from srlib.data import catalogue, packed_store


def cards():
    """data/README.md: a card for each data set, in Markdown."""
    return _HEAD + "\n".join(_card(dataset) for dataset in catalogue.DATA_SETS.values()) + _sizes_table()


_HEAD = """# Data sets

No picture is in this repository. `srlib data fetch NAME` downloads a set, `srlib data import DIR NAME` takes it from a
folder that you have, `srlib data check NAME` tells whether it is whole and whether its splits share a photograph.
Manifests (CSV: id, split, url, sha256, width, height, licence, author) of what was fetched stand below the data root in
`manifests/`; those that may be published also here, in `manifests/`.

This page is written by `data_cards.cards()`; a test compares them.

"""


def _card(dataset):
    """The card of one data set."""
    folders = ", ".join(f"{split}: `{folder}`" for split, folder in dataset.splits.items())
    return f"""## `{dataset.name}`: {dataset.title}

{dataset.what}

- **Size**: {dataset.images:,} images, {catalogue.size_text(dataset.size)} to download
- **Where**: {dataset.home}
- **Folders below the data root**: {folders}
- **Licence**: {dataset.licence}
- **Privacy**: {dataset.privacy}
- **To have a picture removed**: {dataset.removal}
- **To cite**: {dataset.citation}
- **Checksums**: {dataset.checksums or "none published; those of the first download are recorded"}
"""


def _sizes_table():
    """The sizes of packed stores of the two large training sets, computed by `store`."""
    lines = [
        "\n## What a packed store takes on disk\n",
        "The pixels of a training set, decoded once (`srlib.data.packed_store`), and what is kept within the default "
        f"budget of {catalogue.size_text(packed_store.BUDGET)}.\n",
        "| training set | pictures | all pixels | kept | on disk |\n|---|---|---|---|---|",
    ]
    for name, count in (("coco", 118_287), ("ffhq", 60_000), ("ffhq-thumbnails", 60_000)):
        sides = catalogue.DATA_SETS[name].sides
        whole = packed_store.planned_size(count, *sides, packed_store.Settings())
        settings = packed_store.plan(count, whole)
        kept = f"{settings.tiles} tile(s) of {settings.tile} px a picture" if settings.tile else "all"
        packed = packed_store.planned_size(count, *sides, settings)
        lines.append(f"| {name} | {count:,} | {catalogue.size_text(whole)} | {kept} | {catalogue.size_text(packed)} |")
    return "\n".join(lines) + "\n"
