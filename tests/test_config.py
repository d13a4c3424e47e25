"""Settings: the paper's by default, departures by profile and by name, every one of them shown."""

import dataclasses

import pytest

from srlib import config
from srlib.errors import InputError


def test_defaults_are_the_published_settings():
    published = {
        "generator_blocks": 16,
        "generator_filters": 64,
        "bicubic_skip": False,
        "discriminator_filters": 64,
        "discriminator_dense": 1024,
        "hr_patch": 96,
        "batch": 16,
        "pretrain_steps": 1_000_000,
        "pretrain_learning_rate": 1e-4,
        "gan_learning_rate": 1e-4,
        "adversarial_weight": 1e-3,
        "optimizer": "adam",
        "content_loss": "mse",
    }
    defaults = dataclasses.asdict(config.Config())
    assert {name: defaults[name] for name in published} == published


def test_full_profile_departs_in_nothing():
    assert config.resolve("full") == config.Config()


def test_a_profile_changes_the_defaults_and_overrides_change_the_profile():
    resolved = config.resolve("cpu", 7, {"batch": 3})
    assert (resolved.profile, resolved.seed) == ("cpu", 7)
    assert resolved.generator_blocks == config.PROFILES["cpu"]["generator_blocks"] != 16
    assert resolved.batch == 3
    assert resolved.hr_patch == 96


@pytest.mark.parametrize("profile", config.PROFILES)
def test_profiles_hold_known_names_and_right_types(profile):
    departures = config.PROFILES[profile]
    resolved = dataclasses.asdict(config.resolve("full", 0, departures))
    assert {name: resolved[name] for name in departures} == departures


def test_overrides_are_left_as_they_were():
    overrides = {"adversarial_weight": 1}
    config.resolve("cpu", 0, overrides)
    assert overrides == {"adversarial_weight": 1}


def test_unknown_profile_names_the_known_ones():
    with pytest.raises(InputError, match="'huge'.*smoke, cpu, colab, full"):
        config.resolve("huge")


def test_unknown_setting_suggests_the_nearest():
    with pytest.raises(InputError, match="'learnin_rate'"):
        config.resolve("cpu", 0, {"learnin_rate": 1.0})
    with pytest.raises(InputError, match="did you mean 'gan_steps'"):
        config.resolve("cpu", 0, {"gan_step": 5})


def test_an_integer_may_stand_for_a_float():
    weight = config.resolve("cpu", 0, {"adversarial_weight": 1}).adversarial_weight
    assert weight == 1.0
    assert type(weight) is float


@pytest.mark.parametrize(
    "name, value",
    [
        ("batch", 1.5),
        ("batch", "3"),
        ("batch", True),
        ("bicubic_skip", 1),
        ("optimizer", 3),
        ("gan_learning_rate", "1e-4"),
    ],
)
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(InputError, match=f"setting {name} takes .*, not {value!r}"):
        config.resolve("cpu", 0, {name: value})


def test_settings_cannot_change_after_the_fact():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.Config().batch = 3


def test_did_you_mean_is_silent_where_nothing_is_near():
    assert config.did_you_mean("zzz", ["adam", "rmsprop"]) == ""
    assert config.did_you_mean("adm", ["adam", "rmsprop"]) == " (did you mean 'adam'?)"


def test_table_shows_every_setting_and_marks_departures_only():
    lines = config.table(config.resolve("full", 5, {"batch": 8, "bicubic_skip": True})).splitlines()
    assert len(lines) == len(dataclasses.fields(config.Config))
    assert [line for line in lines if line.startswith("*")] == ["* bicubic_skip = True", "* batch = 8"]
    assert "  seed = 5" in lines
    assert "  optimizer = 'adam'" in lines


@pytest.mark.parametrize("name", ["pretrain_steps", "gan_steps", "log_every", "batch", "hr_patch"])
def test_a_count_of_nothing_is_refused(name):
    with pytest.raises(InputError, match=f"setting {name} takes int >= 1, not 0"):
        config.resolve("cpu", 0, {name: 0})


@dataclasses.dataclass(frozen=True)
class Cup:
    """A table to read."""

    name: str
    handles: config.AtLeastOne = 1
    sizes: tuple[int, ...] = ()


@pytest.fixture
def cup(tmp_path):
    """A function that reads the text of a TOML file as a `Cup`."""

    def read(text, **given):
        (tmp_path / "cup.toml").write_text(text, encoding="utf-8")
        return config.read_toml(tmp_path / "cup.toml", Cup, **given)

    return read


def test_a_toml_file_becomes_a_dataclass(cup):
    assert cup('name = "mug"\nsizes = [2, 3]') == Cup("mug", 1, (2, 3))
    assert cup("handles = 2", name="amphora") == Cup("amphora", 2)


@pytest.mark.parametrize(
    "text, message",
    [
        ("name = 3", "cup.toml: key name takes str, not 3"),
        ('name = "mug"\nhandles = 0', "cup.toml: key handles takes int >= 1, not 0"),
        ('name = "mug"\nsizes = [1, "large"]', r"cup.toml: key sizes\[1\] takes int, not \[1, 'large'\]"),
        (
            'name = "mug"\nhandle = 1',
            r"cup.toml: unknown key 'handle' \(did you mean 'handles'\?\); known: name, handles, sizes",
        ),
        ("handles = 1", "cup.toml: Object missing required field name"),
        ("name =", "cup.toml: not TOML"),
    ],
)
def test_what_a_toml_file_may_not_say_is_named_with_file_key_and_what_may_be(cup, text, message):
    with pytest.raises(InputError, match=message):
        cup(text)


def test_a_toml_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot read .*none.toml: No such file"):
        config.read_toml(tmp_path / "none.toml", Cup)
