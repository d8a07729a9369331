"""Workbooks of the same rows, by the libraries that most programs write them with."""
import datetime, sys
import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904
import xlsxwriter

HEADER = ["id", "title", "price", "share", "day", "moment", "time", "flag"]
ROWS = [
    (1, "Canción", 54900.5, 0.21, (2026, 11, 24), (2026, 11, 24, 13, 14, 15), (14, 30), True),
    (2, "a, \"b\"; <c> & d", 4.35, 0.1, (1999, 12, 31), (1999, 12, 31, 0, 0, 1), (0, 0, 1), False),
    (3, "夜に駆ける 😀", 0.1 + 0.2, 1, (2024, 2, 29), (2024, 2, 29, 23, 59, 59), (23, 59, 59), True),
    (4, " two\nlines ", 1234567.89, 0.005, (1904, 1, 2), (1950, 6, 15, 12, 0, 0), (6, 0), False),
    (5, "x", 7501055300075, 0.5, (9999, 12, 31), (2038, 1, 19, 3, 14, 8), (12, 0), True),
]

def values(row):
    number, title, price, share, day, moment, time, flag = row
    return number, title, price, share, datetime.date(*day), datetime.datetime(*moment), datetime.time(*time), flag

def with_openpyxl(path, from_1904):
    book = openpyxl.Workbook()
    if from_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["Songs of the year"])
    sheet.append([])
    sheet.append(HEADER)
    for row in ROWS:
        sheet.append(values(row))
        sheet.cell(sheet.max_row, 4).number_format = "0.0%"
    book.save(path)

def with_xlsxwriter(path, from_1904, constant_memory):
    book = xlsxwriter.Workbook(path, {"date_1904": from_1904, "constant_memory": constant_memory})
    sheet = book.add_worksheet("Songs")
    formats = [None, None, None, "0.0%", "dd/mm/yyyy", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", None]
    formats = [book.add_format({"num_format": code}) if code else None for code in formats]
    sheet.write_row(0, 0, ["Songs of the year"])
    sheet.write_row(2, 0, HEADER)
    for at, row in enumerate(ROWS):
        for column, value in enumerate(values(row)):
            if isinstance(value, (datetime.date, datetime.time)):
                sheet.write_datetime(at + 3, column, value, formats[column])
            else:
                sheet.write(at + 3, column, value, formats[column])
    book.close()

directory = sys.argv[1]
for from_1904 in (False, True):
    year = 1904 if from_1904 else 1900
    with_openpyxl(f"{directory}/openpyxl-{year}.xlsx", from_1904)
    with_xlsxwriter(f"{directory}/xlsxwriter-{year}.xlsx", from_1904, False)
    with_xlsxwriter(f"{directory}/inline-{year}.xlsx", from_1904, True)
