"""Files: bytes go up one by one and come back as an id that means nothing until a field holds it."""

from __future__ import annotations

from huoban_perf.core.addresses import FileId
from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.huoban.endpoints import FILE_UPLOAD
from huoban_perf.platforms.huoban.transport import Transport, Upload


class HuobanFiles:
    """Uploads over v1."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the v1 plane.
        """
        self._transport = transport

    def put(self, *, name: str, content: bytes) -> FileId:
        """Upload one file.

        Args:
            name: Name shown.
            content: The bytes; the platform's size limit is unknown (§18.15).

        Returns:
            The id to store into a file field.

        Raises:
            PlatformError: The call failed, or its answer has no id.

        Source: openapi-v1.md §10.1 [doc].
        """
        answer = self._transport.call(FILE_UPLOAD, upload=Upload(name=name, content=content))
        file_id = answer.data.get("file_id") if isinstance(answer.data, dict) else None
        if not file_id:
            facts = {"part": "data.file_id"}
            raise ProtocolError("platform.shape", endpoint=FILE_UPLOAD.name, trace_id=answer.trace_id, facts=facts)
        return FileId(str(file_id))
