"""The start table of likelihoods, and what is refused as one."""

import numpy as np
import pytest

from data.errors import ConfigError
from data.likelihood import START_TABLE, likelihood_table, read_likelihood

START = read_likelihood()


def test_every_row_is_a_distribution():
    assert START.table.shape == (6, 5, 5)
    assert np.allclose(START.table.sum(axis=2), 1.0)
    assert (START.table > 0).all()


def test_view_3_is_as_printed():
    # DEFINITIONS, section 6: the rounded numbers beside the table
    assert START.table[3, :, 0].round(2) == pytest.approx(
        [0.95, 0.80, 0.35, 0.11, 0.03]
    )
    severe = START.table[3, :, 3:].sum(axis=1)
    assert severe == pytest.approx([0.003, 0.013, 0.15, 0.73, 0.93], abs=0.005)


def test_a_worse_level_never_speaks_less_for_any_state():
    assert (np.diff(START.steps, axis=2) >= 0).all()


def test_a_clean_look_speaks_against_every_state():
    assert (START.steps[:, :, 0] <= 0).all()


def test_a_finer_view_leaves_a_severe_state_clean_less_often():
    clean = START.table[:, 3, 0]
    assert (np.diff(clean[0::2]) < 0).all()
    assert (np.diff(clean[1::2]) < 0).all()


def test_start_values_are_marked_as_not_learnt():
    assert not START.learnt
    assert (START.n_real, START.n_drill) == (0, 0)


def test_ratios_that_fall_are_refused():
    ratios = np.zeros((6, 4, 5))
    ratios[2, 1, 3] = -0.1
    with pytest.raises(ConfigError, match="fall"):
        likelihood_table(np.full(5, 0.2), ratios)


def test_a_table_of_another_shape_or_sign_is_refused():
    with pytest.raises(ConfigError, match="shapes"):
        likelihood_table(np.full(5, 0.2), np.zeros((5, 4, 5)))
    with pytest.raises(ConfigError, match="above 0"):
        likelihood_table(np.zeros(5), np.zeros((6, 4, 5)))


def test_a_broken_file_is_refused_by_name(tmp_path):
    path = tmp_path / "mine.toml"
    for text in ("", "view = 3", "[level", START_TABLE.read_text()[:-40]):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"mine\.toml"):
            read_likelihood(path)
    with pytest.raises(ConfigError, match=r"none\.toml"):
        read_likelihood(tmp_path / "none.toml")
