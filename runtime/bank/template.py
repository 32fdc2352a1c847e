"""An empty table to fill in with Excel: headings, examples, drop-downs, a sheet of notes."""

import io
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from runtime.bank.columns import COLUMNS, TYPES, Column, heading_of
from runtime.kit.words import LANGUAGES, say

FILLED_ROWS = 5_000
"""So far down the drop-downs reach."""
EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "scene": "门诊 | Outpatient",
        "category": "服务态度 | Attitude",
        "type": "rating",
        "text": "您对接诊医生的服务态度是否满意？",
        "text_en": "Was the doctor kind to you?",
        "required": "yes",
        "min": "1",
        "max": "5",
        "labels": "1 = 很不满意 | Not at all\n5 = 很满意 | Very much",
        "tags": "医生，态度",
    },
    {
        "scene": "门诊 | Outpatient",
        "category": "就诊流程 | Visit",
        "subcategory": "候诊 | Waiting",
        "type": "single_choice",
        "text": "从取号到见到医生，您大约等了多久？",
        "text_en": "How long did you wait to see the doctor?",
        "options": "15 分钟以内 | Under 15 minutes\n半小时以内 | Half an hour\n更久 | Longer",
        "points": "100，60，20",
        "tags": "候诊",
    },
    {
        "scene": "住院 | Inpatient",
        "category": "环境与设施 | Facilities",
        "type": "multi_choice",
        "text": "病房的哪些方面需要改进？",
        "text_en": "What should be improved in the ward?",
        "options": "卫生 | Cleanliness\n其他 | Other {可填写}\n都没有 | None of these {互斥}",
        "max": "3",
    },
)


def template(lang: str) -> bytes:
    """The workbook; examples are questions that an import would take."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = say("bank_sheet_questions", lang)
    for number, column in enumerate(COLUMNS, 1):
        _head(sheet, number, column, lang)
    for row, example in enumerate(EXAMPLES, 2):
        for number, column in enumerate(COLUMNS, 1):
            cell = sheet.cell(row, number, _example(column.id, example, lang))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    _choices(sheet, "type", [say(f"build_type_{tag}", lang) for tag in TYPES])
    for column in ("required", "reverse"):
        _choices(sheet, column, ["是", "否"] if lang == LANGUAGES[0] else ["yes", "no"])
    _choices(sheet, "state", ["在用", "停用"] if lang == LANGUAGES[0] else ["active", "retired"])
    _explain(book.create_sheet(say("bank_sheet_notes", lang)), lang)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _head(sheet: Any, number: int, column: Column, lang: str) -> None:
    name = heading_of(column.id, lang)
    cell = sheet.cell(1, number, f"{name}*" if column.is_required else name)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="DDEBF7")
    sheet.column_dimensions[get_column_letter(number)].width = column.width


def _example(column: str, example: dict[str, str], lang: str) -> str | None:
    written = example.get(column)
    if written and column == "type":
        return say(f"build_type_{written}", lang)
    if written == "yes":
        return "是" if lang == LANGUAGES[0] else "yes"
    return written


def _choices(sheet: Any, column: str, words: list[str]) -> None:
    letter = get_column_letter(next(n for n, one in enumerate(COLUMNS, 1) if one.id == column))
    listed: Any = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
    listed.showErrorMessage = False  # names in the other language are read as well
    sheet.add_data_validation(listed)
    listed.add(f"{letter}2:{letter}{FILLED_ROWS}")


def _explain(sheet: Any, lang: str) -> None:
    sheet.append([say("bank_notes_column", lang), say("bank_notes_meaning", lang)])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column in COLUMNS:
        sheet.append([heading_of(column.id, lang), say(f"bank_column_{column.id}", lang)])
    for row in sheet.iter_rows(min_row=2):
        row[1].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 16, 90
