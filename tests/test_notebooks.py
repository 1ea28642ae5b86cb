"""The notebooks run from top to bottom, and what is stored in them holds no key."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from vpnframe.emulator import make_fleet

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
@pytest.mark.filterwarnings("default")  # the kernel is another process; its client warns of TCP
def test_a_notebook_runs(path, tmp_path):
    """Every cell runs in order; an error in one raises here."""
    notebook = nbformat.read(path, as_version=4)
    done = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [o for cell in done.cells for o in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_what_is_stored_in_a_notebook_holds_no_key(path):
    """None of the fleet's keys stands in the file, and it was stored with its outputs."""
    text = path.read_text(encoding="utf-8")
    fleet = make_fleet(connections=120, regions=6)
    keys = {t.psk for c in fleet.connections for t in c.tunnels if t.psk}
    keys |= {account.access_key_secret for account in fleet.accounts}
    assert len(keys) > 50
    assert not [key for key in keys if len(key) >= 8 and key in text]
    assert "image/png" in text
