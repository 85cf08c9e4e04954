"""Training: the same bytes again, also when it was stopped; and what it may not do."""

import runpy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from data.errors import ConfigError, WeightsError
from data.places import REFERENCE
from vision.batches import batch, tile_window
from vision.classes import COMPONENT, DAMAGE, IGNORED
from vision.loss import (
    Target,
    class_weights,
    cross_entropy,
    dice_of_batch,
    head_loss,
    soft_dice,
)
from vision.recipe import BATCH, KINDS, read_recipe
from vision.sample import SURROUNDINGS, Sample, Window
from vision.sources import judged, split_sources
from vision.train import initial_network, one_cycle, train, write_log_line

picture_sets = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).with_name("picture_sets.py")))
)


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Recipe and pictures of two short phases."""
    folder = tmp_path_factory.mktemp("training")
    picture_sets.write_all(folder / "shared", folder / "out")
    path = folder / "training.toml"
    path.write_text(picture_sets.recipe_text())
    recipe = read_recipe(path)
    split = split_sources(recipe.folders, shared=folder / "shared", out=folder / "out")
    return SimpleNamespace(recipe=recipe, split=split)


def trained(ready, folder, *, stop_after=None):
    """Weights after training, or after some steps of it."""
    network = initial_network(ready.recipe.seed, is_pretrained=False)
    run = train(network, ready.split.train, ready.recipe, folder)
    done = [(p.phase, p.step) for p in islice(run, stop_after)]
    run.close()
    return done, {k: v.numpy().copy() for k, v in network.state_dict().items()}


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_training_is_the_same_again_and_after_a_stop(ready, tmp_path):
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    done, whole = trained(ready, tmp_path / "whole")
    assert done == [("first", 1), ("first", 2), ("second", 1)]
    trained(ready, tmp_path / "stopped", stop_after=1)
    rest, resumed = trained(ready, tmp_path / "stopped")
    assert rest == done[1:]
    assert same(whole, resumed)
    untrained = initial_network(ready.recipe.seed, is_pretrained=False).state_dict()
    assert not same(whole, {k: v.numpy() for k, v in untrained.items()})


def test_a_broken_checkpoint_says_how_to_go_on(ready, tmp_path):
    (tmp_path / "first.npz").write_bytes(b"half written")
    with pytest.raises(WeightsError, match=r"first\.npz.*remove it"):
        trained(ready, tmp_path)


def test_a_batch_depends_on_its_step_alone(ready):
    phase = ready.recipe.phases[0]
    one, again = (batch(ready.split.train, phase, 7) for _ in "ab")
    other = batch(ready.split.train, phase, 8)
    assert np.array_equal(one.images, again.images)
    assert np.array_equal(one.damage, again.damage)
    assert not np.array_equal(one.images, other.images)
    assert one.images.shape == (BATCH, 32, 32, 3)
    assert {*np.unique(one.damage)} <= {*DAMAGE.values(), IGNORED}
    assert {*np.unique(one.component)} <= {*COMPONENT.values(), SURROUNDINGS, IGNORED}


def test_nothing_that_is_judged_by_was_learnt_from(ready):
    train_set, held_out = ready.split
    for kind in ("concrete", "quay_wall", "aerial", "rendered"):
        learnt = {picture.name for picture in getattr(train_set, kind)}
        kept = {picture.name for picture in getattr(held_out, kind)}
        assert kept
        assert learnt.isdisjoint(kept)


def test_what_is_judged_by_is_painted_alike_every_time(ready):
    first, second = (judged(ready.split.held_out).cracks[0].read() for _ in "ab")
    assert np.array_equal(first.image, second.image)
    assert first.image.shape == (512, 512, 3)


def tile(number):
    damage = np.zeros((128, 128), np.uint8)
    damage[100:110, 5:15] = number
    return Sample(np.zeros((128, 128, 3), np.uint8), damage, damage)


def test_a_crop_around_damage_holds_some_of_it(ready):
    phase = replace(ready.recipe.phases[0], whole=0.0)
    number = DAMAGE["collapse"]
    for seed in range(50):
        rng = np.random.default_rng(seed)
        window = tile_window(tile(number), number, phase, rng)
        rows = slice(window.row, window.row + window.side)
        columns = slice(window.column, window.column + window.side)
        assert (tile(number).damage[rows, columns] == number).any()


def test_a_phase_of_whole_tiles_takes_whole_tiles(ready):
    phase = replace(ready.recipe.phases[0], whole=1.0)
    window = tile_window(tile(5), None, phase, np.random.default_rng(0))
    assert window == Window(0, 0, 128)


def test_a_hairline_missed_beside_a_wide_crack_found_costs_half_its_picture():
    crack = DAMAGE["crack"]
    wide, hairline = torch.zeros(10_000).long(), torch.zeros(10_000).long()
    wide[:2_000], hairline[:20] = crack, crack
    p = torch.nn.functional.one_hot(torch.cat([wide, torch.zeros_like(hairline)]), 10)
    labels = torch.cat([wide, hairline]).to(torch.uint8)
    p = p.to(torch.float32)
    assert soft_dice(p, labels) < 0.01  # taken over the batch, nobody would notice
    alone = dice_of_batch(p, labels, [10_000, 10_000]) * 2 - soft_dice(p, labels)
    # Nothing of the second picture's crack, all but 20 pixels of its rest, smoothed.
    none = 1 - (2 * 9_980 + 1) / (10_000 + 9_980 + 1)
    assert float(alone) == pytest.approx(((1 - 1 / 21) + none) / 2 / 2, abs=1e-6)


def test_unknown_pixels_change_no_loss():
    logits = torch.randn(1, 10, 4, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(1, 4, 4, dtype=torch.uint8)
    labels[0, 0] = IGNORED
    changed = logits.clone()
    changed[:, :, 0] += 5
    weights = class_weights(DAMAGE, {})
    assert head_loss(logits, Target(labels, weights)) == head_loss(
        changed, Target(labels, weights)
    )
    nothing = torch.full_like(labels, IGNORED)
    assert head_loss(logits, Target(nothing, weights)) == 0


def test_a_weight_of_two_counts_a_class_twice():
    log_p = torch.log_softmax(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), dim=1)
    labels = torch.tensor([0, 1], dtype=torch.uint8)
    single = cross_entropy(log_p, labels, torch.ones(2))
    double = cross_entropy(log_p, labels, torch.tensor([1.0, 2.0]))
    assert double - single == pytest.approx(float(-log_p[1, 1] / 2), abs=1e-6)


def test_surroundings_are_right_for_any_class_but_parts_of_assets():
    labels = torch.full((1, 1, 1), SURROUNDINGS, dtype=torch.uint8)
    weights = class_weights(COMPONENT, {})

    def loss_of(name):
        logits = torch.zeros(1, len(COMPONENT), 1, 1)
        logits[0, COMPONENT[name]] = 9
        return float(head_loss(logits, Target(labels, weights)))

    assert loss_of("road") < 0.01
    assert loss_of("vegetation") < 0.01
    assert loss_of("tower") > 5


def test_one_cycle_rises_to_its_peak_and_ends_near_zero():
    rates = [one_cycle(step, steps=100, warm_up=0.15) for step in range(100)]
    torch_rates = []
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=1.0, total_steps=100, pct_start=0.15, cycle_momentum=False
    )
    for _ in range(100):
        torch_rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates == pytest.approx(torch_rates, abs=1e-6)


def test_the_log_has_one_header(tmp_path, ready):
    path = tmp_path / "log.csv"
    (tmp_path / "run").mkdir()
    network = initial_network(0, is_pretrained=False)
    run = train(network, ready.split.train, ready.recipe, tmp_path / "run")
    for progress in islice(run, 2):
        write_log_line(path, progress)
    run.close()
    lines = path.read_text().splitlines()
    assert lines[0] == "phase,step,loss"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["first", "1"],
        ["first", "2"],
    ]


def test_the_recipe_of_the_product_is_valid():
    recipe = read_recipe(REFERENCE / "training.toml")
    assert sum(phase.steps for phase in recipe.phases) > 1000
    used = {kind for phase in recipe.phases for place in phase.places for kind in place}
    assert used == {*KINDS}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("painted_wires = 1.0", "painted_wires = 0.4", "add up to 1"),
        ("painted_wires = 1.0", "photos = 1.0", "photos"),
        ('name = "second"', 'name = "first"', "two phases of one name"),
        ("collapse = 2.0", "flood = 2.0", "no damage class 'flood'"),
        ("side_px = 32", "side_px = 33", "side_px"),
        ("threads = 1", "thread = 1", "thread"),
        ("threads = 1", "threads =", "correct the file"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(tmp_path, before, after, message):
    path = tmp_path / "training.toml"
    path.write_text(picture_sets.recipe_text().replace(before, after))
    with pytest.raises(ConfigError, match=message):
        read_recipe(path)


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml"):
        read_recipe(tmp_path / "none.toml")
