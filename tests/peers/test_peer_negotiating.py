"""What IKE would choose, against every concrete offer written out."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.model import PeerProposal
from vpnframe.peers.negotiating import choose, first_group, phase2_group, wanted_of
from vpnframe.peers.tokens import DEFAULT_PROPOSALS, parse_proposal

CIPHERS = ["aes-128-cbc", "aes-256-cbc", "aes-128-gcm"]
HASHES = ["hmac-md5", "hmac-sha1"]
GROUPS = [2, 14]
PROPOSALS = st.builds(
    lambda ciphers, hashes, prfs, groups: PeerProposal(
        "x",
        "ike",
        encryption=tuple(ciphers),
        integrity=tuple(hashes),
        prf=tuple(prfs),
        dh_groups=tuple(groups),
    ),
    *(
        st.lists(st.sampled_from(one), min_size=1, max_size=3)
        for one in (CIPHERS, HASHES, HASHES, GROUPS)
    ),
)
OURS = st.tuples(*map(st.sampled_from, (CIPHERS, HASHES, GROUPS)))


def both(answers: dict[str, bool | None]) -> bool | None:
    """Whether all kinds are offered; a kind that is not outweighs one that is not known."""
    values = answers.values()
    return False if False in values else None if None in values else True


def concrete(proposal: PeerProposal, *, first_alone: bool) -> set[tuple[object, ...]]:
    """Every single choice that a proposal stands for."""
    kinds = (proposal.encryption, proposal.integrity, proposal.prf, proposal.dh_groups)
    return set(product(*(kind[:1] if first_alone else kind for kind in kinds)))


def is_in(ours: tuple[str, str, int], offers: set[tuple[object, ...]]) -> bool:
    """Whether ours is among them: a cipher with integrity of its own takes any."""
    cipher, hashed, group = ours
    return any(
        offer[0] == cipher
        and (cipher == "aes-128-gcm" or offer[1] == hashed)
        and offer[2:] == (hashed, group)
        for offer in offers
    )


@given(st.lists(PROPOSALS, min_size=1, max_size=4), OURS, st.booleans())
def test_the_choice_is_that_of_all_offers_written_out(listed, ours, strips):
    """Taken when the cloud begins, and begun when the other end does."""
    cipher, hashed, group = ours
    wanted = wanted_of(cipher, hashed, prf=hashed, dh_groups=group)
    choice = choose(listed, wanted, strips=strips)
    taken = [is_in(ours, concrete(one, first_alone=False)) for one in listed]
    begun = [is_in(ours, concrete(one, first_alone=strips)) for one in listed]
    assert both(choice.taken) is any(taken)
    assert both(choice.begun) is any(begun)
    if any(begun):
        assert choice.number == begun.index(True) + 1


@given(st.lists(PROPOSALS, min_size=1, max_size=4), OURS)
def test_the_nearest_lacks_the_fewest(listed, ours):
    """Of several that do not fit the first with the fewest gaps is shown."""
    cipher, hashed, group = ours
    wanted = wanted_of(cipher, hashed, prf=hashed, dh_groups=group)
    gaps = [
        sum(value not in getattr(one, kind) for kind, value in wanted.items()) for one in listed
    ]
    choice = choose(listed, wanted, strips=False)
    assert choice.number == gaps.index(min(gaps)) + 1


def test_what_is_not_known_is_neither_taken_nor_refused():
    """Of ours, and of a default of which nobody knows what it holds."""
    wanted = wanted_of(None, "hmac-sha256", dh_groups=19)
    choice = choose([DEFAULT_PROPOSALS["ike"]], wanted, strips=False)
    assert choice.taken == {"encryption": None, "integrity": True, "dh_groups": None}


def test_a_default_begins_with_nobody_knows_what():
    """Under IKEv1, where the first of each kind is all that is offered."""
    wanted = wanted_of("aes-128-cbc", "hmac-sha256", dh_groups=14)
    assert both(choose([DEFAULT_PROPOSALS["ike"]], wanted, strips=True).begun) is None
    fixed = wanted_of("aes-128-cbc", "hmac-sha256")
    assert both(choose([DEFAULT_PROPOSALS["esp"]], fixed, strips=True).begun) is True


def test_without_proposals_nothing_is_taken():
    """An end that offers AH alone, for instance."""
    assert choose([], {"encryption": "aes-128-cbc"}, strips=False).number == 0


def test_the_first_group_is_that_of_the_first_proposal_with_one():
    """A default of IKE hides it."""
    named = parse_proposal("aes128-sha256-modp2048-modp1024", protocol="esp")
    bare = parse_proposal("aes128-sha256", protocol="esp")
    assert first_group([bare, named]) == 14
    assert first_group([bare]) is None
    assert first_group([DEFAULT_PROPOSALS["ike"], named]) is None


def test_phase_2_of_ikev1_prefers_the_group_of_phase_1():
    """Without it the first that is named, none included."""
    listed = [
        parse_proposal(text, protocol="esp")
        for text in ("aes128-sha256", "aes128-sha256-modpnone-modp1024-modp2048")
    ]
    assert [phase2_group(listed, group) for group in (2, 14, 5, None)] == [2, 14, 0, 0]
    assert phase2_group(listed[:1], 14) == 0


def test_the_nearest_proposal_is_chosen_kind_by_kind():
    """With an AEAD cipher, integrity is not compared."""
    texts = ("aes256-sha256-modp2048", "aes128-sha1-modp2048")
    listed = [parse_proposal(text, protocol="ike") for text in texts]
    wanted = wanted_of("aes-128-cbc", "hmac-sha256", dh_groups=14)
    taken = choose(listed, wanted, strips=False).taken
    assert taken == {"encryption": False, "integrity": True, "dh_groups": True}
    wanted = wanted_of("aes-128-gcm", "hmac-sha256", dh_groups=14)
    assert wanted == {"encryption": "aes-128-gcm", "dh_groups": 14}


def test_groups_are_chosen():
    """The group that is named first."""
    assert first_group([parse_proposal("aes128-sha256-ecp256-modp2048", protocol="ike")]) == 19
    listed = [parse_proposal("aes128-sha256-modp1024-modp2048", protocol="esp")]
    assert [phase2_group(listed, group) for group in (14, 5)] == [14, 2]
