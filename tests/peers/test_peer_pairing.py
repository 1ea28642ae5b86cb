"""Which connection belongs to which tunnel."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from peer_builders import CLOUD, SITE, tunnels

from vpnframe.peers.model import Peer, PeerChild, PeerConnection, PeerEnd
from vpnframe.peers.pairing import pair, turned_round
from vpnframe.peers.selectors import Selector
from vpnframe.peers.tunnels import read_tunnels

OTHER = "198.51.100.9"


def connection(name, local=SITE, remote=CLOUD, local_id=None, remote_id=None, **more):
    """A connection of the other end."""
    return PeerConnection(
        name=name,
        local=PeerEnd((local,), local_id),
        remote=PeerEnd((remote,), remote_id),
        **more,
    )


def paired(rows, *connections, syntax="swanctl.conf"):
    """The name that each tunnel is given, or the rivals."""
    found = pair(list(read_tunnels(tunnels(*rows))), Peer("x", syntax, connections))
    return [one.connection.name if one.connection else one.rivals for one in found]


def test_the_addresses_decide():
    """One that goes to our gateway, from the customer's."""
    assert paired([{}], connection("a"), connection("b", remote="203.0.113.9")) == ["a"]


def test_a_gateway_with_many_customers_is_told_apart_by_where_they_come_from():
    """One VPN gateway has many connections; a file belongs to one of them."""
    rows = [{}, {"vpn_connection_id": "vco-2", "customer_gateway_ip": OTHER}]
    assert paired(rows, connection("a")) == ["a", ()]
    assert paired(rows, connection("a"), connection("b", local=OTHER)) == ["a", "b"]


def test_of_two_that_fit_the_ids_decide():
    """Crossed: their remote id is ours."""
    row = {"vpn_gateway_ike_id": "cloud"}
    first, second = connection("a", remote_id="other"), connection("b", remote_id="cloud")
    assert paired([row], first, second) == ["b"]


def test_of_two_that_fit_alike_none_is_taken():
    """And it is said between which."""
    assert paired([{}], connection("a"), connection("b")) == [("a", "b")]


def test_one_that_is_never_loaded_comes_last_and_is_taken_alone():
    """So that it can be said why nothing comes up."""
    assert paired([{}], connection("a", refused="x"), connection("b")) == ["b"]
    assert paired([{}], connection("a", refused="x")) == ["a"]


@pytest.mark.parametrize(
    ("remote", "is_found"), [("203.0.113.0/24", True), ("203.0.113.0-203.0.113.9", True)]
)
def test_blocks_and_ranges_count_as_addresses(remote, is_found):
    """They hold ours."""
    assert paired([{}], connection("a", remote=remote)) == ["a" if is_found else ()]


def test_without_an_address_the_id_decides():
    """A name, or any, stands where the address would."""
    row = {"vpn_gateway_ike_id": "cloud", "customer_gateway_ike_id": "site"}
    rows = [row, {"vpn_connection_id": "vco-2", "customer_gateway_ip": OTHER}]
    one = connection("a", local="%any", remote="cloud.example", local_id="site")
    two = connection("b", local="%any", remote="cloud.example", local_id="elsewhere")
    assert paired(rows, one, two) == ["a", ()]


def test_one_that_fits_by_address_is_not_anothers_by_its_id():
    """The id is that of both tunnels; the address is of one."""
    away = {"vpn_connection_id": "vco-2", "vpn_gateway_ip": OTHER, "customer_gateway_ip": OTHER}
    rows = [one | {"vpn_gateway_ike_id": "hq"} for one in ({}, away)]
    assert paired(rows, connection("a", remote_id="hq")) == ["a", ()]
    assert paired(rows[1:], connection("a", remote_id="hq")) == ["a"]


def test_behind_nat_several_customers_fit_alike():
    """Then the file alone does not tell, unless ids do."""
    rows = [{}, {"vpn_connection_id": "vco-2", "customer_gateway_ip": OTHER}]
    hidden = connection("a", local="192.168.1.2", local_id="site")
    assert paired(rows, hidden) == [("a",), ("a",)]
    named = [rows[0] | {"customer_gateway_ike_id": "site"}, rows[1]]
    assert paired(named, hidden) == ["a", ()]


def test_one_that_takes_any_address_must_come_from_ours():
    """Otherwise it would belong to every tunnel of the fleet."""
    rows = [{}, {"vpn_connection_id": "vco-2", "customer_gateway_ip": OTHER}]
    assert paired(rows, connection("a", remote="%any")) == ["a", ()]
    assert paired(rows, connection("a", local="%any", remote="%any")) == [(), ()]


def test_the_only_one_is_held_against_the_only_one_and_is_not_certain():
    """Who gives one tunnel and one connection means them."""
    rows = list(read_tunnels(tunnels({})))
    peer = Peer("x", "swanctl.conf", (connection("a", local="%any", remote="cloud.example"),))
    (found,) = pair(rows, peer)
    assert (found.connection.name, found.is_certain) == ("a", False)


def test_both_tunnels_of_a_connection_may_share_one():
    """Whose remote addresses are two."""
    second = "203.0.113.2"
    one = PeerConnection("a", local=PeerEnd((SITE,)), remote=PeerEnd((CLOUD, second)))
    assert paired([{}, {"tunnel_index": 2, "vpn_gateway_ip": second}], one) == ["a", "a"]


def test_a_file_for_both_ends_is_turned_round():
    """Of ipsec.conf either side may be local."""
    mirrored = connection("a", local=CLOUD, remote=SITE)
    assert paired([{}], mirrored, connection("b", remote="203.0.113.9"), syntax="ipsec.conf") == [
        "a"
    ]
    assert paired([{}], mirrored, connection("b", remote="203.0.113.9")) == [()]


def test_turning_round_swaps_ends_ids_and_blocks():
    """What stood for any id stands for none, and the other way."""
    own, other = (Selector((ip_network(one),)) for one in ("10.0.0.0/8", "192.168.0.0/16"))
    child = PeerChild("c", (), (own,), (other,))
    found = turned_round(connection("a", remote_id="%any", children=(child,)))
    assert (found.local.addresses, found.local.ike_id) == ((CLOUD,), None)
    assert (found.remote.addresses, found.remote.ike_id) == ((SITE,), "%any")
    assert found.children[0].local_subnets == (other,)
