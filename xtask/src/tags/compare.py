"""Tags and durations that Catchment reads, against those that mutagen reads, on the files that mutagen and TagLib are tested with."""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import unicodedata

import mutagen
from mutagen.id3 import ID3

FIELDS = ["title", "artist", "album", "genre", "track", "year", "duration_ms"]
# What mutagen calls them: in its easy tags, in APEv2, and as frames of an ID3 tag in WAV and AIFF.
NAMES = {
    "title": ["title", "TIT2"],
    "artist": ["artist", "TPE1"],
    "album": ["album", "TALB"],
    "genre": ["genre", "TCON"],
    "track": ["tracknumber", "track", "TRCK"],
    "year": ["date", "year", "TDRC"],
}
# Extensions that Catchment takes for audio or video. Other files are given one, since tags are told by what is in a file.
TAKEN = {".mp3", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wav", ".wma", ".aif", ".aiff", ".ape", ".mp4", ".3gp", ".mid", ".m4b", ".wv", ".mpc", ".spx"}
GIVEN = {".oggflac": ".ogg", ".oggtheora": ".ogg"}
# What differs: why that is right or does not matter, and in which fields. A line that has become untrue is a
# failure too.
PADDING = "the silence that LAME adds at both ends counts, as for ffprobe"
TWICE = "two tags of one kind: the last counts, for mutagen the first"
KNOWN = {
    "mutagen/audacious-trailing-id32-apev2.mp3": (PADDING, ["duration_ms"]),
    "mutagen/audacious-trailing-id32-id31.mp3": ("tags at the end count as sound for mutagen; ffmpeg decodes as much as ours says", ["duration_ms"]),
    "mutagen/bad-xing.mp3": ("cut off, and its Xing header says zero frames, which mutagen believes", ["duration_ms"]),
    "mutagen/empty.aac": ("ADTS does not tell its length: an estimate", ["duration_ms"]),
    "mutagen/lame397v9short.mp3": (PADDING, ["duration_ms"]),
    "mutagen/no_length.wv": ("written live: the header does not tell its length", ["duration_ms"]),
    "mutagen/silence-44-s-mpeg2.mp3": (PADDING, ["duration_ms"]),
    "mutagen/silence-44-s-mpeg25.mp3": (PADDING, ["duration_ms"]),
    "mutagen/silence-44-s.mp3": ("two frames of one kind: the last counts, where mutagen has both", ["artist"]),
    "mutagen/silence-44-s.wv": ("the year of APEv2 is `Year`, where this has `Date`", ["year"]),
    "taglib/alaw.aifc": ("mutagen does not read the text chunks of AIFF", ["title", "artist"]),
    "taglib/ape.mp3": ("mutagen does not look for APEv2 in MP3", ["title"]),
    "taglib/duplicate_id3v2.aiff": (TWICE, ["title", "artist", "album"]),
    "taglib/duplicate_id3v2.mp3": (TWICE, ["title", "artist", "album", "genre", "track", "year"]),
    "taglib/duplicate_tags.wav": (TWICE, ["title", "artist", "album"]),
    "taglib/infloop.m4a": ("its genre is an atom without a size, and what follows is lost", ["title", "artist", "album", "genre", "year"]),
    "taglib/multiple-vc.flac": (TWICE, ["artist"]),
    "taglib/no_length.wv": ("written live: the header does not tell its length", ["duration_ms"]),
    "taglib/non-full-meta.m4a": ("mutagen does not read tags of QuickTime's kind of `meta`", ["artist"]),
    "taglib/uint8we.wav": ("mutagen does not read the INFO chunk of WAV", ["year"]),
}
# Formats that `lofty` does not know, as mutagen calls them; of Musepack the versions 4 and 5.
UNKNOWN = {"AC3", "APEv2File", "ASF", "DSDIFF", "DSF", "EasyTrueAudio", "Musepack", "OggFLAC", "OggTheora", "OptimFROG", "SMF", "TAK"}
# Damaged, cut off or odd: what mutagen still reads, and `lofty` does not.
UNREAD = {
    "mutagen/106-short-picture-block-size.flac",
    "mutagen/52-too-short-block-size.flac",
    "mutagen/adif.aac",
    "mutagen/issue_21.id3",
    "mutagen/multiplexed.spx",
    "taglib/zero-size-chunk.wav",
}
# Longer texts are cut.
LONGEST = 1000


def plain_name(number):
    """A name that says nothing of a track, a year or an episode."""
    return "".join(chr(ord("a") + digit) for digit in (number // 676 % 26, number // 26 % 26, number % 26)) + "song"


def copied(source, folder):
    """Copies the files of all that was unpacked, by the names of their copies."""
    files = {}
    for number, file in enumerate(sorted(file for file in source.glob("*/tests/data/*") if file.is_file())):
        extension = file.suffix.lower()
        extension = extension if extension in TAKEN else GIVEN.get(extension, ".mp3")
        name = plain_name(number) + extension
        shutil.copyfile(file, folder / name)
        files[name] = file
    return files


def synced(binary, folder, home):
    """What Catchment reads of a folder, by names."""
    url = f"sqlite://{home / 'catchment.db'}"
    command = [binary, "sync", str(folder), "--type", "usb", "--content-type", "music"]
    run = subprocess.run(command, cwd=home, env={"DATABASE_URL": url}, capture_output=True, text=True)
    # A panic in `lofty` is caught, and told on standard error.
    assert run.stdout.startswith("Run 1: completed") and "panicked" not in run.stderr, run.stdout + run.stderr
    rows = sqlite3.connect(home / "catchment.db").execute("SELECT title, artist, genre, metadata FROM content_index")
    records = {}
    for title, artist, genre, metadata in rows:
        record = {"title": title, "artist": artist, "genre": genre, **json.loads(metadata)}
        name = record["path"]
        # Without a title, the name counts.
        if record["title"] == pathlib.Path(name).stem:
            record["title"] = None
        records[name] = record
    return records


def is_read(record):
    """Of video, that its tags cannot be read is not told."""
    is_video = record["type"] in ["mp4", "3gp"]
    return record.get("tag_error") is None and not (is_video and record.get("duration_ms") is None)


def by_mutagen(path):
    """What mutagen reads of a file; nothing where it cannot."""
    try:
        file = mutagen.File(path, easy=True)
    except Exception:
        return None
    if file is None:
        return None
    record = {"kind": type(file).__name__, "duration_ms": round(getattr(file.info, "length", 0) * 1000)}
    for field, names in NAMES.items():
        values = [value for name in names for value in listed(file.tags, name)]
        text = unicodedata.normalize("NFC", " / ".join(value.strip() for value in values if value.strip()))
        record[field] = text[:LONGEST] or None
    for field, length in [("track", None), ("year", 4)]:
        digits = (record[field] or "").split("/")[0].strip()[:length]
        record[field] = int(digits) if digits.isdigit() and int(digits) else None
    return record


def listed(tags, name):
    if tags is None or (isinstance(tags, ID3) != (len(name) == 4 and name.isupper())):
        return []
    try:
        values = tags[name]
    except (KeyError, ValueError):
        return []
    if isinstance(tags, ID3):
        values = values.genres if name == "TCON" else values.text
    values = values if isinstance(values, list) else [values]
    return [part for value in values for part in str(value).split("\0")]


def file_name(path):
    """Such as `mutagen/xing.mp3`."""
    return f"{path.parents[2].name.split('-')[0]}/{path.name}"


def is_equal(field, ours, theirs):
    if field == "duration_ms":
        ours, theirs = ours or 0, theirs or 0
        return abs(ours - theirs) <= max(50, theirs / 100)
    return (ours or None) == (theirs or None)


def differences(ours, theirs):
    return {field: (ours.get(field), theirs[field]) for field in FIELDS if not is_equal(field, ours.get(field), theirs[field])}


def compare(files, records):
    """How many files both read, how many of them in all the same, those that differ for a known reason, and what is wrong."""
    both, same, known, wrong = 0, 0, set(), []
    for name, path in files.items():
        file, ours, theirs = file_name(path), records.get(name), by_mutagen(path)
        if ours is None:
            wrong.append(f"{file}: there is no record of it")
            continue
        if "damaged in a way" in (ours.get("tag_error") or ""):
            wrong.append(f"{file}: lofty panicked")
        if theirs is None or not is_read(ours):
            if theirs and theirs["kind"] not in UNKNOWN and file not in UNREAD:
                wrong.append(f"{file}: mutagen reads it, and Catchment does not: {ours.get('tag_error')}")
            continue
        both += 1
        found = differences(ours, theirs)
        same += not found
        wrong += [
            f"{file}: {field} is {our!r}, and mutagen's {their!r}"
            for field, (our, their) in found.items()
            if field not in KNOWN.get(file, ("", []))[1]
        ]
        if file in KNOWN:
            known.add(file)
            wrong += [f"{file}: {field} does not differ any more" for field in set(KNOWN[file][1]) - found.keys()]
    there = {file_name(path) for path in files.values()}
    wrong += [f"{file} is not read by both any more" for file in KNOWN.keys() & there - known]
    return both, same, known, wrong


def main(binary, home, *archives):
    home = pathlib.Path(home)
    folder = home / "files"
    folder.mkdir()
    for archive in archives:
        with tarfile.open(archive) as source:
            source.extractall(home / "source", filter="data")
    files = copied(home / "source", folder)
    records = synced(binary, folder, home)
    both, same, known, wrong = compare(files, records)
    print(f"tags of {len(files)} files: both read {both}, all the same in {same} ({100 * same / both:.0f} %)")
    for file in sorted(known):
        reason, fields = KNOWN[file]
        print(f"  {file} ({', '.join(fields)}): {reason}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
