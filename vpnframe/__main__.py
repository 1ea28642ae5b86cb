"""Entry point of the command ``vpnframe`` and ``python -m vpnframe``."""

import sys

STOPPED = 130


def main() -> None:
    """Run the command line; if Ctrl-C interrupts the import of the package, show no traceback."""
    try:
        from vpnframe.cli import main as run  # noqa: PLC0415  loading takes a second
    except KeyboardInterrupt:
        print("vpnframe: stopped before anything was done", file=sys.stderr)
        sys.exit(STOPPED)
    run()


if __name__ == "__main__":
    main()
