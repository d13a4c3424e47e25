"""The data sets by name: what each is, its licence and citation, whose faces it shows, and where its files come from.

Checksums stand here only where the publisher or a library that distributes the set names them; for the others the
manifest records what the first download brought.
"""

import dataclasses

from srlib.config import did_you_mean
from srlib.errors import InputError

GIGABYTE = 10**9


@dataclasses.dataclass(frozen=True)
class Archive:
    """A file with many pictures in it.

    `members` maps folders inside the archive (the end of a member's folder) to folders below the data root.
    """

    url: str
    members: dict
    size: int | None = None
    checksum: str | None = None  # "md5:…" or "sha256:…"


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One data set: its card, its splits as folders below the data root, and its sources.

    `each` names the function of `pictures` that lists the single pictures to fetch, where there is one; `mirror`
    are zip files that hold the same pictures, read in parts where the first source fails.
    """

    name: str
    title: str
    what: str
    images: int
    size: int
    sides: tuple
    licence: str
    privacy: str
    removal: str
    citation: str
    splits: dict
    archives: tuple = ()
    each: str | None = None
    mirror: tuple = ()
    home: str = ""
    checksums: str = ""


_NO_PEOPLE = "No collection of people; single photographs show passers-by."
_BENCHMARKS = Archive(
    "https://cv.snu.ac.kr/research/EDSR/benchmark.tar",
    {},
    checksum="md5:4ace41d33c2384b97e6b320cd0afd6ba",
)
_HUGGING_FACE = "https://huggingface.co/datasets"
_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"


def _benchmark(name, folder, title, images, size, sides, licence, citation, what):
    """A test set out of the archive that EDSR's authors distribute."""
    return DataSet(
        name=name,
        title=title,
        what=what,
        images=images,
        size=size,
        sides=sides,
        licence=licence,
        privacy=_NO_PEOPLE,
        removal="Write to the authors of the paper cited.",
        citation=citation,
        splits={"test": f"benchmarks/{title}"},
        archives=(dataclasses.replace(_BENCHMARKS, members={f"{folder}/HR": f"benchmarks/{title}"}),),
        home="https://github.com/sanghyun-son/EDSR-PyTorch",
        checksums="MD5 of the archive, as the torchsr library names it",
    )


_ALL = (
    DataSet(
        name="coco",
        title="COCO 2017",
        what="Everyday scenes from Flickr, about 640×480 JPEG; 118,287 to train on and 5,000 to validate: the set that "
        "this reproduction stands on.",
        images=123_287,
        size=20_152_447_128,
        sides=(480, 640),
        licence="Each image under its photographer's Creative Commons licence (the manifest names it); annotations "
        "CC BY 4.0.",
        privacy="Many photographs show people who were not asked. Only pixels are used here, never labels.",
        removal="Ask the photographer to withdraw the picture from Flickr and write to info@cocodataset.org.",
        citation="T.-Y. Lin et al., “Microsoft COCO: Common Objects in Context”, ECCV 2014.",
        splits={"train": "coco/train2017", "test": "coco/val2017"},
        archives=(
            Archive(
                "http://images.cocodataset.org/zips/train2017.zip",
                {"train2017": "coco/train2017"},
                19_336_861_798,
                "md5:cced6f7f71b7629ddf16f17bbcfab6b2",
            ),
            Archive(
                "http://images.cocodataset.org/zips/val2017.zip",
                {"val2017": "coco/val2017"},
                815_585_330,
                "md5:442b8da7639aecaf257c1dceb8ba8c80",
            ),
        ),
        each="coco",
        home="https://cocodataset.org",
        checksums="MD5 of the archives, as PaddleDetection and GluonCV name them; single pictures: none published",
    ),
    DataSet(
        name="ffhq",
        title="FFHQ (1024×1024)",
        what="70,000 aligned faces from Flickr, 1024×1024 PNG; the first 60,000 to train on, the last 10,000 to "
        "validate, as its authors appointed.",
        images=70_000,
        size=89_100_000_000,
        sides=(1024, 1024),
        licence="Collection CC BY-NC-SA 4.0; each image under its photographer's licence (CC BY 2.0, CC BY-NC 2.0, "
        "public domain, CC0 or US government works), named in the manifest. Not for commercial use.",
        privacy="Faces of people, children among them, who did not consent to this use. Do not use it to recognise "
        "people or publish single faces; name the set and its biases beside any result.",
        removal="Tag the photo no_cv on Flickr, or make it private, and write to researchinquiries@nvidia.com; search "
        "by Flickr name at https://nvlabs.github.io/ffhq-dataset/search/. Then delete the id here.",
        citation="T. Karras, S. Laine, T. Aila, “A Style-Based Generator Architecture for Generative Adversarial "
        "Networks”, CVPR 2019.",
        splits={"train": "ffhq/train", "test": "ffhq/test"},
        each="ffhq",
        mirror=tuple(f"{_HUGGING_FACE}/Iceclear/FFHQ-HQ1024/resolve/main/FFHQ-1024-{part}.zip" for part in (1, 2)),
        home="https://github.com/NVlabs/ffhq-dataset",
        checksums="MD5 of every picture in the official ffhq-dataset-v2.json; from the mirror (Hugging Face, "
        "Iceclear/FFHQ-HQ1024) the same where that file can be had, else those of the first download",
    ),
    DataSet(
        name="ffhq-thumbnails",
        title="FFHQ thumbnails (128×128)",
        what="The 70,000 faces of FFHQ at 128×128 PNG: small enough for any disk; ×4 from 32×32.",
        images=70_000,
        size=1_950_000_000,
        sides=(128, 128),
        licence="As FFHQ.",
        privacy="As FFHQ.",
        removal="As FFHQ.",
        citation="As FFHQ.",
        splits={"train": "ffhq-thumbnails/train", "test": "ffhq-thumbnails/test"},
        each="ffhq_thumbnails",
        mirror=(f"{_HUGGING_FACE}/nuwandaa/ffhq128/resolve/main/thumbnails128x128.zip",),
        home="https://github.com/NVlabs/ffhq-dataset",
        checksums="As FFHQ; mirror: Hugging Face, nuwandaa/ffhq128",
    ),
    _benchmark(
        "set5",
        "Set5",
        "Set5",
        5,
        840_000,
        (288, 512),
        "None stated; research use.",
        "M. Bevilacqua et al., “Low-Complexity Single-Image Super-Resolution Based on Nonnegative Neighbor Embedding”, "
        "BMVC 2012.",
        "Five classic photographs to test on.",
    ),
    _benchmark(
        "set14",
        "Set14",
        "Set14",
        14,
        6_400_000,
        (500, 500),
        "None stated; research use.",
        "R. Zeyde, M. Elad, M. Protter, “On Single Image Scale-Up Using Sparse-Representations”, 2010.",
        "Fourteen classic photographs to test on; its `face` is Set5's `head`.",
    ),
    _benchmark(
        "bsd100",
        "B100",
        "BSD100",
        100,
        31_000_000,
        (321, 481),
        "Non-commercial research.",
        "D. Martin et al., “A Database of Human Segmented Natural Images”, ICCV 2001.",
        "The hundred validation photographs of BSDS500, 481×321, to test on.",
    ),
    _benchmark(
        "urban100",
        "Urban100",
        "Urban100",
        100,
        146_000_000,
        (768, 1024),
        "CC BY 4.0, as its distributors state.",
        "J.-B. Huang, A. Singh, N. Ahuja, “Single Image Super-Resolution from Transformed Self-Exemplars”, CVPR 2015.",
        "A hundred photographs of buildings, to test on.",
    ),
    DataSet(
        name="div2k",
        title="DIV2K",
        what="800 photographs of about 2040×1400 to train on, 100 to validate, PNG.",
        images=900,
        size=3_979_597_606,
        sides=(1400, 2040),
        licence="Academic research only; the photographs belong to their makers.",
        privacy=_NO_PEOPLE,
        removal="Write to the authors (https://data.vision.ee.ethz.ch/cvl/DIV2K/).",
        citation="E. Agustsson, R. Timofte, “NTIRE 2017 Challenge on Single Image Super-Resolution”, CVPRW 2017.",
        splits={"train": "div2k/train", "test": "div2k/test"},
        archives=(
            Archive(
                _DIV2K + "DIV2K_train_HR.zip",
                {"DIV2K_train_HR": "div2k/train"},
                3_530_603_713,
                "sha256:9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
            ),
            Archive(
                _DIV2K + "DIV2K_valid_HR.zip",
                {"DIV2K_valid_HR": "div2k/test"},
                448_993_893,
                "sha256:20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
            ),
        ),
        home="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
        checksums="SHA-256 of the archives, as TensorFlow Datasets names them",
    ),
    DataSet(
        name="lfw",
        title="Labeled Faces in the Wild",
        what="13,233 press photographs of 5,749 people, 250×250 JPEG, found by a detector and not aligned: small faces "
        "to test on.",
        images=13_233,
        size=180_566_744,
        sides=(250, 250),
        licence="None stated; press photographs, research use.",
        privacy="Named people, most of them public figures, who did not consent. The names serve as ids only; "
        "do not recognise people with it.",
        removal="Write to the University of Massachusetts (http://vis-www.cs.umass.edu/lfw/), and delete the id here.",
        citation="G. B. Huang et al., “Labeled Faces in the Wild”, University of Massachusetts TR 07-49, 2007.",
        splits={"test": "lfw"},
        archives=(
            Archive(
                "https://ndownloader.figshare.com/files/5976018",
                {"lfw": "lfw"},
                checksum="sha256:055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
            ),
        ),
        home="http://vis-www.cs.umass.edu/lfw/",
        checksums="SHA-256 of the archive, as scikit-learn names it",
    ),
    DataSet(
        name="officials",
        title="Portraits of US office holders",
        what="Official portraits of US senators, representatives and governors, 1024×1024 JPEG, one adult face each, "
        "not aligned as FFHQ is.",
        images=585,
        size=150_000_000,
        sides=(1024, 1024),
        licence="Collection MIT (CivilServiceUSA); portraits mostly US government works, in the public domain.",
        privacy="Public officials in their official portraits: older and more male than a population, which the card "
        "of any model trained on them must say.",
        removal="Open an issue at https://github.com/CivilServiceUSA, and delete the id here.",
        citation="Civil Services, https://github.com/CivilServiceUSA.",
        splits={"train": "officials/train", "test": "officials/test"},
        each="officials",
        home="https://github.com/CivilServiceUSA",
        checksums="none published; those of the first download are recorded",
    ),
)

DATA_SETS = {dataset.name: dataset for dataset in _ALL}


def find(name):
    """The `DataSet` of that name, in any case.

    Raises:
        InputError: there is none.
    """
    name = name.lower()
    if name not in DATA_SETS:
        raise InputError(f"unknown data set {name!r}{did_you_mean(name, DATA_SETS)}; known: {', '.join(DATA_SETS)}")
    return DATA_SETS[name]


def size_text(size):
    """Bytes as GB or MB."""
    return f"{size / GIGABYTE:.1f} GB" if size >= GIGABYTE else f"{size / 10**6:.0f} MB"
