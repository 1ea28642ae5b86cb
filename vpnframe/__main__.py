"""``python -m vpnframe``: the command line."""

from vpnframe.cli import main

main()
