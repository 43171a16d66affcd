"""Who may read single contributions (docs/protocol.md, sections 1 and 3)."""

import hmac
import re

from hashing import signed_by

CHALLENGE = re.compile(r"Tapestry nonce=([0-9a-f]{64})")
AUTHORIZATION = re.compile(r"Tapestry nonce=([0-9a-f]{64}), proof=((?:[0-9a-f]{2})*)")


def may_read(run, token, challenge, authorization):
    """Whether the answer to a relay's challenge, the text of a header or None, opens the contributions of the run."""
    if run.readers == "anyone":
        return True
    asked, answer = CHALLENGE.fullmatch(challenge), AUTHORIZATION.fullmatch(authorization or "")
    if answer is None or answer[1] != asked[1]:
        return False
    message, proof = b"tapestry read v2" + bytes.fromhex(answer[1]), bytes.fromhex(answer[2])
    if run.readers == "auditor":
        return signed_by(run.auditor, message, proof)
    return hmac.compare_digest(hmac.digest(token.encode(), message, "sha256"), proof)
