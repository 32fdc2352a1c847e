"""The question types of SurveyJS that stand alone, each with the reader that makes ours of it."""

from interchange.surveyjs.asked import Reader
from interchange.surveyjs.chosen import boolean, checkbox, choice, imagepicker, ranking
from interchange.surveyjs.scales import rating, slider
from interchange.surveyjs.shown import expression, html, image, signature, upload
from interchange.surveyjs.written import comment, multipletext, text

SIMPLE: dict[str, Reader] = {
    "radiogroup": choice, "dropdown": choice, "buttongroup": choice, "checkbox": checkbox,
    "tagbox": checkbox, "imagepicker": imagepicker, "ranking": ranking, "rating": rating,
    "boolean": boolean, "text": text, "comment": comment, "slider": slider,
    "multipletext": multipletext, "file": upload, "signaturepad": signature, "html": html,
    "image": image, "expression": expression,
}  # fmt: skip
