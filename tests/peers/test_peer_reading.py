"""A file of the other end: which syntax it is, and what is said where it cannot be read."""

from __future__ import annotations

import pytest
from peer_builders import swanctl

from vpnframe.errors import SettingsError
from vpnframe.peers import reading
from vpnframe.peers.reading import read_peer


def write(folder, text):
    """A file."""
    path = folder / "peer.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        (swanctl(), "swanctl.conf"),
        ("conn a\n\tauto=add\n", "ipsec.conf"),
        ("# conn\nconfig setup\n", "ipsec.conf"),
        ("\ufeffconn a\n\tauto=add\r\n", "ipsec.conf"),
        ("connections {\n}\n", "swanctl.conf"),
    ],
)
def test_the_syntax_is_seen_from_the_sections(tmp_path, text, syntax):
    """Whatever the file is called."""
    path = write(tmp_path, text)
    found = read_peer(path)
    assert (found.syntax, found.source) == (syntax, str(path))


def test_includes_are_told_of(tmp_path):
    """They are not followed: what is in them is not known."""
    found = read_peer(write(tmp_path, f"include conf.d/*.conf\n{swanctl()}"))
    assert found.notes == ("line 1: the included file is not read: compare it, too",)
    for text in ("include conf.d/*.conf\n", "config setup\ninclude /etc/ipsec.d/*.conf\n"):
        with pytest.raises(SettingsError, match=r"line [12]\) are not read: compare those"):
            read_peer(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "neither a swanctl.conf nor an ipsec.conf"),
        ("charon {\n}\n", "neither a swanctl.conf nor an ipsec.conf"),
        ("connections {\n a {\n", "line 2: the section has no closing }"),
        ("conn a\n\tleft\n", "line 2: the setting has no ="),
        ("connections {\n a : connections.a {\n }\n}\n", "circle"),
        (b"\xff\xfe\x00", "neither = nor {"),
    ],
)
def test_what_cannot_be_read_names_file_and_line(tmp_path, text, word):
    """A SettingsError that the reader can act upon."""
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_peer(path)
    assert str(path) in str(caught.value)
    assert word in str(caught.value)


def test_a_file_that_is_not_there_and_one_that_is_too_long(tmp_path, monkeypatch):
    """No configuration has megabytes."""
    with pytest.raises(SettingsError, match="No such file"):
        read_peer(tmp_path / "none.conf")
    with pytest.raises(SettingsError, match="it is a folder"):
        read_peer(tmp_path)
    monkeypatch.setattr(reading, "MAX_BYTES", 1024)
    with pytest.raises(SettingsError, match="the size limit of 1 KiB is exceeded"):
        read_peer(write(tmp_path, swanctl() + "#" * 1024))
