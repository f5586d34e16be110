import copy
import math

import torch
from torch.testing import assert_close

from ml_engine.network import KNOTS, Committee, QuantileLSTM, groups, interpolation, pinball
from ml_engine.quantiles import LEVELS


def test_untrained_network_says_about_the_normal_law() -> None:
    torch.manual_seed(0)
    network = QuantileLSTM(3, 4, LEVELS)

    quantiles = network(torch.zeros(2, 5, 3))

    assert quantiles.shape == (2, 5, len(KNOTS), 17)
    assert_close(quantiles[0, 0, :, LEVELS.index(0.9)], torch.full((12,), 1.2816), atol=0.05, rtol=0)


def test_quantiles_never_cross_whatever_the_weights() -> None:
    torch.manual_seed(1)
    network = QuantileLSTM(3, 4, LEVELS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=5)

    quantiles = network(torch.randn(4, 50, 3))

    assert torch.isfinite(quantiles).all()
    assert (quantiles.diff(dim=-1) >= 0).all()


def test_states_are_causal() -> None:
    torch.manual_seed(2)
    network = QuantileLSTM(3, 4, LEVELS).double()
    features = torch.randn(1, 30, 3, dtype=torch.float64)
    changed = features.clone()
    changed[:, 20:] += 1

    assert torch.equal(network(features)[:, :20], network(changed)[:, :20])


def make_committee(members: int = 3) -> Committee:
    torch.manual_seed(3)
    return Committee([QuantileLSTM(3, 4, LEVELS).double() for _ in range(members)])


def test_a_committee_answers_with_the_mean_of_its_members() -> None:
    committee = make_committee()
    features = torch.randn(2, 20, 3, dtype=torch.float64)

    states = committee.encode(features)

    assert states.shape == (2, 20, 12)
    apart = [member(features) for member in committee]
    assert not torch.equal(apart[0], apart[1])
    assert_close(committee.decode(states), (apart[0] + apart[1] + apart[2]) / 3)


def test_a_committee_of_one_is_its_member() -> None:
    committee = make_committee(1)
    features = torch.randn(2, 20, 3, dtype=torch.float64)

    assert torch.equal(committee.decode(committee.encode(features)), next(iter(committee))(features))


def test_a_committees_copy_is_all_its_own() -> None:
    """What is read by name and what answers are the same modules, also after a copy."""
    committee = make_committee(2)
    copied = copy.deepcopy(committee)
    before = committee.state_dict()["members.1.median"].clone()

    for member in copied:
        with torch.no_grad():
            member.median += 1

    assert_close(copied.state_dict()["members.1.median"], before + 1)
    assert_close(committee.state_dict()["members.1.median"], before)


def test_the_law_of_a_committee_is_that_of_all_members() -> None:
    committee = make_committee(2)

    parameters = committee.law_parameters()

    one, other = committee
    by_hand = [one.head.bias, one.increments, other.head.bias, other.increments]
    assert [id(parameter) for parameter in parameters] == [id(parameter) for parameter in by_hand]


def test_groups_by_hand() -> None:
    assert groups((0.05, 0.1, 0.5, 0.9, 0.95)).tolist() == [0, 1, 2, 3]


def test_interpolation_by_hand() -> None:
    weights = interpolation()

    assert weights.shape == (60, 12)
    assert_close(weights.sum(dim=1), torch.ones(60, dtype=torch.float64))
    assert weights[9, KNOTS.index(10)] == 1
    # Step 6 lies between the knots 5 and 7, linear in the logarithm.
    share = math.log(6 / 5) / math.log(7 / 5)
    assert_close(weights[5, 4:6].tolist(), [1 - share, share])


def test_pinball_by_hand() -> None:
    quantiles = torch.zeros(1, 12, 2)
    targets = torch.full((1, 12), torch.nan)
    targets[0, 0], targets[0, 2] = 2.0, -1.0
    levels = torch.tensor([0.1, 0.5])

    loss = pinball(quantiles, targets, levels)

    # Step 1: (.2 + 1) / 2, weight 1; step 3: (.9 + .5) / 2, weight 1/√3; the others are unknown.
    weight = 1 / math.sqrt(3)
    assert_close(loss.item(), (0.6 + 0.7 * weight) / (1 + weight))


def test_loss_of_unknown_targets_alone_is_zero() -> None:
    network = QuantileLSTM(3, 4, LEVELS)

    loss = network.loss(torch.randn(2, 9, 3), torch.full((2, 5, 12), torch.nan))
    loss.backward()

    assert loss.item() == 0
    assert all(torch.isfinite(one.grad).all() for one in network.parameters() if one.grad is not None)
