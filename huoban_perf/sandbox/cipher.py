"""Seals pushed bodies for a key that has an Encrypt Key, by the guess that the reference gives.

Key = SHA-256 of the Encrypt Key, AES-256-CBC, PKCS#7, the IV in front, all in base64 under ``encrypted``. The scheme of
the platform itself was not recovered. Source: openapi-v1.md §11.3 [inferred], §18.3.
"""

from __future__ import annotations

import base64
import hashlib
import json

from huoban_perf.sandbox.world.refusals import ParameterError

_BLOCK = 16


def can_seal() -> bool:
    """Return whether the optional package ``cryptography`` is installed."""
    try:
        import cryptography.hazmat.primitives.ciphers  # noqa: F401
    except ImportError:
        return False
    return True


def check_encrypt_key(key: str) -> None:
    """Refuse an Encrypt Key where nothing can be sealed.

    Args:
        key: As agreed; may be empty for none.

    Raises:
        ParameterError: The optional package ``cryptography`` is missing.
    """
    if key and not can_seal():
        raise ParameterError("encrypt_key", "install the extra huoban-perf[encrypted] to push encrypted bodies")


def sealed(body: str, *, key: str, callback_id: int) -> str:
    """Return the JSON that is pushed instead of a body.

    Args:
        body: The JSON in clear.
        key: The Encrypt Key.
        callback_id: Makes the IV: the same script pushes the same bytes, two callbacks never share an IV.

    Returns:
        ``{"encrypted": "<base64>"}``.
    """
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    iv = hashlib.sha256(f"{callback_id}|{body}".encode()).digest()[:_BLOCK]
    padder = padding.PKCS7(8 * _BLOCK).padder()
    filled = padder.update(body.encode()) + padder.finalize()
    writer = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    cipher_text = iv + writer.update(filled) + writer.finalize()
    return json.dumps({"encrypted": base64.b64encode(cipher_text).decode()})
