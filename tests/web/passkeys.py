"""An authenticator in software: makes a key pair, and signs what a server asks it to."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

ORIGIN = "http://testserver"
_PROVEN = 0x01 | 0x04  # Somebody was there, and has shown who.
_NEW = 0x40


@dataclass
class Passkey:
    """One person's passkey for one site."""

    user_handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    uses: int = 0

    def made(self, options: dict) -> dict:
        """What a browser sends when a site asks for a new passkey."""
        asked = options["publicKey"]
        self.user_handle = asked["user"]["id"]
        data = AuthenticatorData.create(
            sha256(asked["rp"]["id"].encode()),
            _PROVEN | _NEW,
            self.uses,
            AttestedCredentialData.create(
                b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key())
            ),
        )
        attested = AttestationObject.create("none", data, {})
        return self._sent(
            {
                "clientDataJSON": _client("webauthn.create", asked["challenge"]),
                "attestationObject": websafe_encode(bytes(attested)),
            }
        )

    def shown(self, options: dict) -> dict:
        """What a browser sends when somebody signs in with it."""
        asked = options["publicKey"]
        self.uses += 1
        data = AuthenticatorData.create(sha256(asked["rpId"].encode()), _PROVEN, self.uses)
        client = _client("webauthn.get", asked["challenge"])
        from fido2.utils import websafe_decode

        signed = bytes(data) + hashlib.sha256(websafe_decode(client)).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._sent(
            {
                "clientDataJSON": client,
                "authenticatorData": websafe_encode(bytes(data)),
                "signature": websafe_encode(signature),
                "userHandle": self.user_handle,
            }
        )

    def _sent(self, response: dict) -> dict:
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _client(kind: str, challenge: str) -> str:
    told = {"type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}
    return websafe_encode(json.dumps(told).encode())
