"""Pictures of a Questionnaire: those that travel inside it, and ours at their addresses."""

import base64
import binascii
import hashlib
import re

from interchange.fhir.context import Context
from interchange.node import Node

PICTURES = ("image/jpeg", "image/png", "image/webp")
MAX_PICTURE = 4 * 1024 * 1024
_OWN_ASSET = re.compile(r"/api/v1/assets/([0-9a-f]{64})$")


def picture(context: Context, extension: Node) -> str | None:
    """The asset id of an attachment with its data inside, or of one of ours at its address; a loss
    where it is elsewhere."""
    attachment = extension.node("valueAttachment")
    own = _OWN_ASSET.search(attachment.word("url"))
    if own is not None:
        return "sha256:" + own.group(1)
    data = attachment.word("data")
    if not data or attachment.word("contentType") not in PICTURES:
        about = attachment.word("url") or attachment.word("contentType")
        context.report.lose("picture", attachment.at, about)
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (ValueError, binascii.Error):
        content = b""
    if not 0 < len(content) <= MAX_PICTURE:
        context.report.lose("picture", attachment.at, attachment.word("title"))
        return None
    name = "sha256:" + hashlib.sha256(content).hexdigest()
    context.report.assets[name] = content
    return name
