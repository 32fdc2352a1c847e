"""Writes XLSForm workbooks from tables in text, as their authors fill them in."""

import io

import openpyxl


def workbook(**sheets):
    """A workbook's bytes; each sheet is lines of cells parted by `|`, the first its headings."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for line in table.strip().splitlines():
            sheet.append([cell.strip() or None for cell in line.split("|")])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
