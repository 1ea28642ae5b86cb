"""Write the shapes of responses to a folder, which a user may send to the maintainers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.shapes import shape_of
from vpnframe.errors import SettingsError
from vpnframe.model.files import create_file

Send = Callable[[Request], Awaitable[Response]]


class Samples:
    """Distinct shapes of responses, by call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: defaultdict[str, dict[bytes, None]] = defaultdict(dict)
        try:
            is_used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{folder} cannot be written: {error.strerror}") from None
        if is_used:
            raise SettingsError(f"{folder} is there already: name a new folder")

    def listening(self, send: Send) -> Send:
        """Wrap a transport so that the shapes of its responses are recorded."""

        async def heard(request: Request) -> Response:
            response = await send(request)
            action = request.headers.get("x-acs-action", "")
            name = action if action.isascii() and action.isalnum() else "other"
            self._shapes[name].setdefault(shape_of(response))
            return response

        return heard

    def write(self) -> int:
        """Write each shape to a file; return the number of files."""
        files = {
            f"{action}{f'-{number}' if number > 1 else ''}.json": shape
            for action, shapes in sorted(self._shapes.items())
            for number, shape in enumerate(shapes, 1)
        }
        try:
            for name, shape in files.items():
                create_file(self._folder / name, shape)
        except OSError as error:
            raise SettingsError(f"{self._folder} cannot be written: {error.strerror}") from None
        return len(files)
