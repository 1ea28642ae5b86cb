"""Words of proposals: none that the daemon knows is unknown to us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from charon import charon, namespace
from peer_spellings import charon_loads
from system_tools import find_tool

from vpnframe.peers.tokens import parse_proposal

# Of old versions alone, so that they are doubt.
_GONE = re.compile(r"(ntru|newhope)[0-9]+")


@pytest.mark.system_tool("charon")
def test_every_word_that_the_daemon_knows_is_known(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each string of its library is tried as one: beside a cipher with integrity, and without."""
    find_tool("swanctl")
    library = Path(find_tool("charon")).parent / "libstrongswan.so"
    found = re.findall(rb"(?<=\0)[a-z0-9_]{2,24}(?=\0)", library.read_bytes())
    words = sorted({one.decode() for one in found} | {"none"})
    assert len(words) > 500
    with namespace() as inside, charon(tmp_path_factory.mktemp("charon"), inside) as daemon:
        for beside in ("aes128-sha1", "aes128gcm16-sha1"):
            texts = [f"{beside}-{word}" for word in words]
            loaded = charon_loads(daemon, "child.esp_proposals", texts)
            for text, is_loaded in zip(texts, loaded, strict=True):
                ours = parse_proposal(text, protocol="esp")
                if not _GONE.fullmatch(text.removeprefix(f"{beside}-")):
                    assert (ours.problem is None and not ours.unknown) == is_loaded, text
