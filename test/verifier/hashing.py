"""SHA-256 and Ed25519."""

import hashlib

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def signed_by(key, message, signature):
    try:
        VerifyKey(key).verify(message, signature)
        return True
    except (BadSignatureError, ValueError, TypeError):
        return False
