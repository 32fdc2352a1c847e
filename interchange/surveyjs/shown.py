"""SurveyJS elements that are shown or attached: words, pictures, values, files, signatures."""

from interchange.expression import Unreadable
from interchange.refs import Ref
from interchange.surveyjs.asked import Asked, Made, joined

_FILE_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".pdf": "application/pdf", "image/*": "", "image/jpeg": "image/jpeg", "image/png": "image/png",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/pdf": "application/pdf",
}  # fmt: skip


def upload(asked: Asked) -> list[Made]:
    """Files; pictures alone are a picture question."""
    node = asked.node
    words = [w.strip().lower() for w in node.word("acceptedTypes").split(",") if w.strip()]
    pictures = bool(words) and all(
        w.startswith("image/") or w in (".jpg", ".jpeg", ".png", ".webp") for w in words
    )
    made = asked.head("picture_upload" if pictures else "file_upload")
    types = sorted({_FILE_TYPES[w] for w in words if _FILE_TYPES.get(w)})
    unknown = [w for w in words if w not in _FILE_TYPES]
    if unknown:
        asked.lose("file_types", "acceptedTypes")
    elif types and "image/*" not in words:
        made["types"] = types
    made["max_files"] = 20 if node.flag("allowMultiple") else 1
    most = asked.whole("maxFiles", 1, 20)
    if most is not None:
        made["max_files"] = most
    size = node.whole("maxSize")
    if size:
        made["max_bytes"] = min(max(1, size), 50 * 1024 * 1024)
    node.skip("storeDataAsText", "waitForUpload", "allowImagesPreview", "needConfirmRemoveFile",
              "showPreview", "imageHeight", "imageWidth", "sourceType", "fileOrPhotoPlaceholder",
              "filePlaceholder", "photoPlaceholder", "allowCameraAccess")  # fmt: skip
    asked.know(Ref(asked.id, "opaque"))
    return [made]


def signature(asked: Asked) -> list[Made]:
    """A drawn signature."""
    node = asked.node
    node.skip(*(k for k in node.value if k.startswith(("pen", "signature", "background", "data"))))
    node.skip("allowClear", "showPlaceholder", "placeholderReadOnly")
    asked.know(Ref(asked.id, "opaque"))
    return [asked.head("signature")]


def html(asked: Asked) -> list[Made]:
    """Text to read; of markup only the words are kept."""
    made = asked.head("statement")
    made["text"] = asked.context.say(asked.node.raw("html"), asked.name, asked.node.place("html"))
    asked.node.skip("title")
    return [made]


def image(asked: Asked) -> list[Made]:
    """A picture to look at: its words are kept, the picture itself stands elsewhere."""
    made = asked.head("statement")
    node = asked.node
    words = node.raw("altText") or node.raw("text") or node.raw("title")
    if not words:
        raise Unreadable("picture", str(node.raw("imageLink"))[:120])
    made["text"] = asked.context.say(words, asked.name, node.place("altText"))
    asked.lose("picture", "imageLink")
    node.skip("contentMode", "imageFit", "imageHeight", "imageWidth", "altText", "text")
    return [made]


def expression(asked: Asked) -> list[Made]:
    """A computed value that is shown."""
    source = asked.node.word("expression")
    node = asked.node
    node.skip("maximumFractionDigits", "minimumFractionDigits", "precision", "useGrouping")
    if not source:
        raise Unreadable("unreadable_rule", asked.name)
    asked.context.calculate(asked.name, source, node.place("expression"))
    number = asked.context.number_of(source, node.place("expression"))
    if number is None:
        raise Unreadable("expression_shown", source)
    made = asked.head("statement")
    value = "{{" + number + "}}" if isinstance(number, str) else str(number)
    made["text"] = joined(made["text"], value)
    if isinstance(number, str):
        asked.context.refs.setdefault(asked.name, Ref(number, "number"))
    return [made]
