"""Files attached to emails, and their form in a JSON column."""

import base64
import io
from dataclasses import dataclass

import segno

from clinic.outbox.models import Message


@dataclass(frozen=True)
class Attachment:
    """A file attached to a message. With a `cid` the text shows it as <img src="cid:…"> (RFC 2392)."""

    name: str
    kind: str  # a content type, with its parameters
    content: bytes
    cid: str = ""

    def as_fields(self) -> dict[str, str]:
        """Return a dict for a JSON column."""
        return vars(self) | {"content": base64.b64encode(self.content).decode()}

    @classmethod
    def from_fields(cls, fields: dict[str, str]) -> "Attachment":
        """Create an attachment from a JSON column."""
        return cls(**fields | {"content": base64.b64decode(fields["content"])})  # type: ignore[arg-type]


@dataclass(frozen=True)
class QrCode:
    """A QR code attached to a message as a picture. The worker draws it on sending, as drawing takes longer than
    everything else about a booking."""

    name: str
    says: str
    cid: str

    def as_fields(self) -> dict[str, str]:
        """Return a dict for a JSON column."""
        return vars(self)

    def drawn(self) -> Attachment:
        """Return the code as a PNG attachment (ISO/IEC 18004)."""
        buffer = io.BytesIO()
        segno.make(self.says, error="m", micro=False).save(buffer, kind="png", scale=6, border=4)
        return Attachment(self.name, "image/png", buffer.getvalue(), self.cid)


def attachments_of(message: Message) -> list[Attachment]:
    """Return the files attached to a message; QR codes are drawn."""
    fields = message.attachments
    return [QrCode(**one).drawn() if "says" in one else Attachment.from_fields(one) for one in fields]
