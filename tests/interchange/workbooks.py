"""Writes XLSForm workbooks from tables in text, as their authors fill them in."""

import io

import openpyxl


def workbook(**sheets: str) -> bytes:
    """A workbook's bytes; each sheet is lines of cells parted by `|`, the first its headings."""
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for line in table.strip().splitlines():
            sheet.append([cell.strip() or None for cell in line.split("|")])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
