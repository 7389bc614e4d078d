"""Opens pushed bodies that the platform encrypted with an agreed key.

The platform's own scheme was not recovered; this is the guess that the reference gives: key = SHA-256 of the Encrypt
Key, AES-256-CBC, PKCS#7, the IV in front, all in base64 under ``encrypted``. A wrong guess costs nothing but speed:
what cannot be opened is refused, and polling finds the change. Source: openapi-v1.md §11.3 [inferred].
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from huoban_perf.core.errors import ServiceError

_BLOCK = 16


def sealed_part(body: bytes) -> str | None:
    """Return the cipher text of a body that is ``{"encrypted": "…"}`` and nothing else, or None."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and set(found) == {"encrypted"} and isinstance(found["encrypted"], str):
        return found["encrypted"]
    return None


class Decipher:
    """Opens cipher texts with one key."""

    def __init__(self, key: str) -> None:
        """Take the Encrypt Key.

        Args:
            key: As agreed in 企业后台; kept out of every log and ``repr``.

        Raises:
            ServiceError: The optional package is not installed.
        """
        try:
            from cryptography.hazmat.primitives import ciphers, padding
        except ImportError:
            raise ServiceError("service.no_cryptography") from None
        self._ciphers, self._padding = ciphers, padding
        self._key = hashlib.sha256(key.encode()).digest()

    def opened(self, sealed: str) -> bytes | None:
        """Return the JSON behind a cipher text, or None when it does not open to JSON."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) < 2 * _BLOCK or len(raw) % _BLOCK:
            return None
        mode = self._ciphers.modes.CBC(raw[:_BLOCK])
        reader = self._ciphers.Cipher(self._ciphers.algorithms.AES(self._key), mode).decryptor()
        filled = reader.update(raw[_BLOCK:]) + reader.finalize()
        unpadder = self._padding.PKCS7(8 * _BLOCK).unpadder()
        try:
            plain = unpadder.update(filled) + unpadder.finalize()
            json.loads(plain)
        except (ValueError, RecursionError):
            return None
        return plain
