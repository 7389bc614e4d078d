"""Files: sent to the server's own storage, read back from the path under which an item holds them.

The server makes the last part of a path unique by a short ending; the name people gave is the title beside it.
Source: tried on 0.265.1: ``POST /api/v2/storage/upload`` answers path, title and size; the path is read with ``GET``.
"""

from __future__ import annotations

from huoban_perf.core.addresses import FileId
from huoban_perf.core.errors import ProtocolError, RejectedError
from huoban_perf.core.ports import StoredFile
from huoban_perf.platforms.nocodb.endpoints import FILE_READ, FILE_UPLOAD
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.values import file_id as named
from huoban_perf.platforms.nocodb.values import file_parts

_FOLDER = "huoban_perf"


class NocodbFiles:
    """File source and file sink; a file's id is its path, with its own name behind it."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the server.
        """
        self._transport = transport

    def get(self, *, file_id: FileId) -> StoredFile:
        """Return a file that an item holds.

        Args:
            file_id: Its path and name.

        Returns:
            The file under the name that people gave it.

        Raises:
            RejectedError: The file lies outside the server, which our token must not be sent to.
            PlatformError: The call failed.
        """
        if "://" in file_id:
            raise RejectedError("nocodb.file_elsewhere", endpoint=FILE_READ.name)
        path, name = file_parts(file_id)
        return StoredFile(name=name, content=self._transport.fetch(FILE_READ, path=path))

    def put(self, *, name: str, content: bytes) -> FileId:
        """Send a file.

        Args:
            name: Its name.
            content: Its bytes.

        Returns:
            Its path and name, to be put into an item.

        Raises:
            PlatformError: The call failed, or its answer names no path.
        """
        answer = self._transport.upload(FILE_UPLOAD, name=name, content=content, query={"path": _FOLDER})
        first = answer[0] if isinstance(answer, list) and answer else None
        path = first.get("path") if isinstance(first, dict) else None
        if not path:
            raise ProtocolError("platform.shape", endpoint=FILE_UPLOAD.name, facts={"part": "[0].path"})
        return FileId(named(str(path), name))
