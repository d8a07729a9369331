"""Google's own Python client against the fake: what that one takes for Drive is no invention of ours."""

import hashlib
import io
import sys

from google.oauth2 import credentials, service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload

SCOPES = ["https://www.googleapis.com/auth/drive.readonly"]
FIELDS = "nextPageToken, incompleteSearch, files(id, name, mimeType, size, md5Checksum, parents, shortcutDetails)"
ALL_DRIVES = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def listed(drive, folder):
    """All files of a folder, in pages of two."""
    files = []
    call = drive.files()
    request = call.list(q=f"'{folder}' in parents and trashed = false", fields=FIELDS, pageSize=2, **ALL_DRIVES)
    while request is not None:
        answer = request.execute()
        assert not answer.get("incompleteSearch"), answer
        files += answer["files"]
        request = call.list_next(request, answer)
    return {file["name"]: file for file in files}


def downloaded(request, chunk):
    """A file in ranges of so many bytes."""
    into = io.BytesIO()
    loader = MediaIoBaseDownload(into, request, chunksize=chunk)
    is_done = False
    while not is_done:
        _, is_done = loader.next_chunk(num_retries=2)
    return into.getvalue()


def changes(drive, token):
    """All changes since a token, and where the log stands."""
    found = []
    while True:
        answer = drive.changes().list(pageToken=token, includeRemoved=True, **ALL_DRIVES).execute()
        found += answer["changes"]
        if "newStartPageToken" in answer:
            return found, answer["newStartPageToken"]
        token = answer["nextPageToken"]


def refusal(request):
    """The status that a request is refused with."""
    try:
        request.execute()
    except HttpError as error:
        return error.resp.status
    raise AssertionError("it was not refused")


def check(drive, sheets, music, prices):
    """What readers of Drive do."""
    root = drive.files().get(fileId=music, fields="id, name, mimeType", supportsAllDrives=True).execute()
    assert root["name"] == "Music", root
    token = drive.changes().getStartPageToken(supportsAllDrives=True).execute()["startPageToken"]
    songs = listed(drive, music)
    assert len(songs) == 9 and "05 Virus - Imágenes Paganas.mp3" in songs, songs.keys()
    tables = listed(drive, prices)
    assert {"north.csv", "south.csv", "east.xlsx", "Price list", "How to read this", "The songs"} == tables.keys()
    assert tables["The songs"]["shortcutDetails"]["targetId"] == music
    for name, chunk in [("north.csv", 10), ("east.xlsx", 1000), ("south.csv", 1 << 20)]:
        content = downloaded(drive.files().get_media(fileId=tables[name]["id"], supportsAllDrives=True), chunk)
        assert hashlib.md5(content).hexdigest() == tables[name]["md5Checksum"], name
        assert len(content) == int(tables[name]["size"]), name
    sheet = tables["Price list"]["id"]
    assert downloaded(drive.files().export_media(fileId=sheet, mimeType=XLSX), 1 << 20)[:2] == b"PK"
    meta = sheets.spreadsheets().get(spreadsheetId=sheet, fields="sheets.properties").execute()
    assert [tab["properties"]["title"] for tab in meta["sheets"]] == ["Prices", "It's old"], meta
    values = sheets.spreadsheets().values()
    read = {"spreadsheetId": sheet, "range": "'Prices'!A1:D9", "majorDimension": "ROWS"}
    shown = values.get(valueRenderOption="FORMATTED_VALUE", **read).execute()["values"]
    raw = values.get(valueRenderOption="UNFORMATTED_VALUE", dateTimeRenderOption="SERIAL_NUMBER", **read).execute()["values"]
    assert shown[1][2] == "$ 1,234.50" and raw[1][2:] == [1234.5, 46350], (shown, raw)
    found, after = changes(drive, token)
    assert found == [] and after, found
    assert refusal(drive.files().get(fileId="1" * 33, supportsAllDrives=True)) == 404
    assert refusal(drive.files().list(q="what is this")) == 400
    assert refusal(drive.files().get_media(fileId=sheet, supportsAllDrives=True)) == 403
    assert refusal(drive.changes().list(pageToken="none")) in (400, 404)


def main():
    key, drive_url, sheets_url, token_url, music, prices, client_id, secret, refresh = sys.argv[1:]
    service = service_account.Credentials.from_service_account_file(key, scopes=SCOPES)
    user = credentials.Credentials(
        None, refresh_token=refresh, token_uri=token_url, client_id=client_id, client_secret=secret, scopes=SCOPES
    )
    for who in (service, user):
        drive = build("drive", "v3", credentials=who, client_options={"api_endpoint": drive_url}, static_discovery=True)
        sheets = build("sheets", "v4", credentials=who, client_options={"api_endpoint": sheets_url}, static_discovery=True)
        check(drive, sheets, music, prices)


main()
