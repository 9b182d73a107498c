"""Bad data by name, as files: what is not there, what is no file, bytes that are no Parquet, CSV as
the world writes it, and Parquet whose footer lies."""

import os
import socket
import struct
import zlib

from data_tables import EVENTS, SMALL, clicks
from parquet import BINARY, I32, I64, File, put

CSV_CLICKS = ("cookie,node,event,event_date\n1,10,17,2025-01-01\n2,20,10,2025-01-01\n"
              "3,30,17,2025-01-01\n1,20,10,2025-01-02 12:00:00\n2,10,10,2025-01-03\n")
CSV_EVENTS = "event,is_contact\n10,1\n17,0\n"
GOOD = clicks(SMALL)


def good_but(change):
    """A good directory, changed."""
    def fill(place, kit):
        GOOD(place, kit)
        change(place)
    return fill


def raw(change):
    """A good directory whose clickstream has other bytes."""
    def fill(place, kit):
        GOOD(place, kit)
        path = place / "clickstream.pq"
        path.write_bytes(change(path.read_bytes()))
    return fill


def link(name, target):
    def change(place):
        (place / name).unlink(missing_ok=True)
        (place / name).symlink_to(target)
    return good_but(change)


def parts(*names):
    """The clickstream as a directory of parts: the good one under these names."""
    def change(place):
        whole = (place / "clickstream.pq").read_bytes()
        (place / "clickstream.pq").unlink()
        (place / "clickstream").mkdir()
        for name in names:
            with open(os.fsencode(place / "clickstream") + b"/" + name, "wb") as file:
                file.write(whole)
    return good_but(change)


def replaced(name, make):
    def change(place):
        (place / name).unlink()
        make(place / name)
    return good_but(change)


def bind(path):
    """A socket's path may have 107 bytes at most: it is bound from inside the directory."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path.name)
    os.fchdir(here)
    os.close(here)


def files():
    yield "an empty directory", lambda place, kit: None
    yield "no clickstream", good_but(lambda place: (place / "clickstream.pq").unlink())
    yield "no events", good_but(lambda place: (place / "events.pq").unlink())
    for name in ("clickstream.pq", "events.pq"):
        yield f"an empty {name}", replaced(name, lambda path: path.touch())
        yield f"a directory for {name}", replaced(name, lambda path: path.mkdir())
        yield f"a pipe for {name}", replaced(name, os.mkfifo)
        yield f"a socket for {name}", replaced(name, bind)
        yield f"a link to nothing for {name}", link(name, "nowhere")
        yield f"a link to itself for {name}", link(name, name)
        yield f"a link to /etc/passwd for {name}", link(name, "/etc/passwd")
        yield f"a link to /dev/zero for {name}", link(name, "/dev/zero")
        yield f"a link to memory for {name}", link(name, "/proc/self/mem")
        yield f"a link above for {name}", link(name, "../../../../../../etc/passwd")
    yield "a clickstream twice", good_but(lambda place: (place / "clickstream.csv").write_text("a"))
    yield "a clickstream of another ending", good_but(
        lambda place: (place / "clickstream.pq").rename(place / "clickstream.PQ"))
    yield "a clickstream with a hard link", good_but(
        lambda place: os.link(place / "clickstream.pq", place / "other.pq"))
    yield "parts of one name", parts(b"a.pq")
    yield "parts that are the same", parts(b"a.pq", b"b.pq", b"c.pq")
    yield "parts with hidden ones", parts(b"a.pq", b".b.pq", b"_c.pq")
    yield "parts with a foreign file", parts(b"a.pq", b"readme.txt")
    yield "parts named by a quote", parts(b"a'b.pq")
    yield "parts named as SQL", parts(b"'); DROP TABLE x; --.pq")
    yield "parts named by a line's end", parts(b"a\nb.pq")
    yield "parts named in no encoding", parts(b"a\xff\xfe.pq")
    yield "parts named by a pattern", parts(b"[a]*?.pq")
    yield "parts of 250 letters", parts(b"a" * 247 + b".pq")
    yield "parts in a directory", good_but(lambda place: (
        (place / "clickstream.pq").unlink(), (place / "clickstream" / "inner.pq").mkdir(
            parents=True)))
    yield "two hundred parts", parts(*(b"%d.pq" % n for n in range(200)))


FOREIGN = {
    "four bytes": b"PAR1", "eleven bytes": b"PAR1\0\0\0PAR1", "only the ends": b"PAR1\0\0\0\0PAR1",
    "text": b"hello, world, this is text", "zeros": b"\0" * 5000, "an archive": b"PK\3\4" + b"\0" * 99,
    "gzip": zlib.compress(b"x" * 999, wbits=31), "ORC": b"ORC" + b"\0" * 99 + b"ORC",
    "Arrow": b"ARROW1\0\0" + b"\0" * 99 + b"ARROW1", "Avro": b"Obj\1" + b"\0" * 99,
    "SQLite": b"SQLite format 3\0" + b"\0" * 4080, "HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 99,
    "a program": b"\x7fELF" + b"\0" * 99, "a page": b"<!doctype html><html></html>",
    "encrypted": b"PARE" + b"\0" * 99 + b"PARE", "a pickle": b"\x80\x05cos\nsystem\n.",
    "a footer of all": b"PAR1" + b"\x19" * 999 + struct.pack("<I", 999) + b"PAR1",
    "lists without end": b"PAR1" + b"\x19\xf9\xff\xff\xff\xff\x0f" * 99
                         + struct.pack("<I", 7 * 99) + b"PAR1",
    "structs without end": b"PAR1" + b"\x1c" * 60000 + struct.pack("<I", 60000) + b"PAR1",
    "a string of 4 GiB": b"PAR1\x18\xff\xff\xff\xff\x0f\0" + struct.pack("<I", 7) + b"PAR1"}


def bytes_():
    for name, data in FOREIGN.items():
        yield f"bytes: {name}", raw(lambda whole, data=data: data)
    for name, length in (("0", 0), ("1", 1), ("2 GiB", 1 << 31), ("4 GiB", (1 << 32) - 1)):
        yield f"a footer of {name} bytes", raw(
            lambda whole, length=length: whole[:-8] + struct.pack("<I", length) + b"PAR1")
    for name, change in {
            "of which a quarter is there": lambda whole: whole[:len(whole) // 4],
            "without its last byte": lambda whole: whole[:-1],
            "without its first byte": lambda whole: whole[1:],
            "without its pages": lambda whole: whole[:4] + whole[len(whole) // 2:],
            "with zeros for pages": lambda whole: whole[:4] + bytes(300) + whole[304:],
            "with zeros for a footer": lambda whole: whole[:-200] + bytes(192) + whole[-8:],
            "twice in a row": lambda whole: whole + whole,
            "with more behind it": lambda whole: whole + b"more",
            "with more before it": lambda whole: b"more" + whole,
            "as text with other line ends": lambda whole: whole.replace(b"\n", b"\r\n"),
            "read as Latin-1": lambda whole: whole.decode("latin-1").encode(),
            "backwards": lambda whole: whole[::-1]}.items():
        yield f"a Parquet file {name}", raw(change)


def csv(text, encoding="utf-8"):
    def fill(place, kit):
        (place / "events.csv").write_text(CSV_EVENTS)
        (place / "clickstream.csv").write_bytes(
            text if isinstance(text, bytes) else text.encode(encoding))
    return fill


def csvs():
    row = "4,40,10,2025-01-02 13:00:00\n"
    for name, text in {
            "a good one": CSV_CLICKS, "no last line's end": CSV_CLICKS.rstrip(),
            "lines of CR LF": CSV_CLICKS.replace("\n", "\r\n"),
            "lines of CR": CSV_CLICKS.replace("\n", "\r"), "empty lines": CSV_CLICKS + "\n\n\n",
            "a byte order mark": "\ufeff" + CSV_CLICKS, "nothing but line ends": "\n\n\n",
            "a header alone": CSV_CLICKS.splitlines()[0] + "\n", "no header": row * 5,
            "semicolons": CSV_CLICKS.replace(",", ";"), "tabs": CSV_CLICKS.replace(",", "\t"),
            "quotes everywhere": CSV_CLICKS.replace("1,", '"1",').replace(",2025", ',"2025'),
            "a quote that does not end": CSV_CLICKS + '"4,40,10,2025-01-02\n' + row * 3,
            "a row too short": CSV_CLICKS + "4,40\n", "a row too long": CSV_CLICKS + "4,40,10,2025-01-02,5\n",
            "a column twice": CSV_CLICKS.replace("node", "cookie", 1),
            "a column too few": "\n".join(line.rsplit(",", 1)[0] for line in CSV_CLICKS.split("\n")),
            "numbers in words": CSV_CLICKS + "four,40,10,2025-01-02\n",
            "an id of nothing": CSV_CLICKS + ",40,10,2025-01-02\n",
            "a time of nothing": CSV_CLICKS + "4,40,10,\n",
            "a time of words": CSV_CLICKS + "4,40,10,tomorrow\n",
            "an id with a fraction": CSV_CLICKS + "4.5,40,10,2025-01-02\n",
            "an id above 64 bits": CSV_CLICKS + "99999999999999999999,40,10,2025-01-02\n",
            "an id in hex": CSV_CLICKS + "0x10,40,10,2025-01-02\n",
            "numbers with spaces": CSV_CLICKS + " 4 , 40 ,10,2025-01-02\n",
            "thousands with commas": CSV_CLICKS + "1,000,40,10,2025-01-02\n",
            "a comment": "# made by hand\n" + CSV_CLICKS,
            "a formula": CSV_CLICKS + "=cmd|' /C calc'!A0,40,10,2025-01-02\n",
            "a field of a megabyte": CSV_CLICKS + "x" * 1000000 + ",40,10,2025-01-02\n",
            "a line of four megabytes": CSV_CLICKS + "4," * 2000000 + "\n",
            "a NUL": CSV_CLICKS + "4\0,40,10,2025-01-02\n"}.items():
        yield f"CSV: {name}", csv(text)
    yield "CSV: Latin-1", csv((CSV_CLICKS + "é,40,10,2025-01-02\n").encode("latin-1"))
    yield "CSV: UTF-16", csv(CSV_CLICKS, "utf-16")
    yield "CSV: random bytes", csv(bytes((n * n * 31 + n * 7) & 255 for n in range(4000)))
    yield "CSV: a good file with bad events", lambda place, kit: (
        csv(CSV_CLICKS)(place, kit), (place / "events.csv").write_text("event,is_contact\n10,x\n"))


def edited(change):
    """A good directory, the tree of whose clickstream's footer is changed."""
    def edit(whole):
        file = File(whole)
        change(file)
        return file.bytes()
    return raw(edit)


HUGE = (1 << 62, -1, 0, (1 << 31) - 1)


def footers():
    for value in HUGE:
        yield f"a footer that claims {value} rows", edited(lambda f, v=value: put(f.footer, 3, v))
        yield f"a group that claims {value} rows", edited(lambda f, v=value: put(f.row_groups[0], 3, v))
        yield f"a group that claims {value} bytes", edited(
            lambda f, v=value: put(f.row_groups[0], 2, v))
        for number, what in ((5, "values"), (6, "raw bytes"), (7, "bytes"), (9, "for its place"),
                             (11, "for its dictionary's place")):
            yield f"a column that claims {value} {what}", edited(
                lambda f, v=value, n=number: put(f.column(0), n, v, I64))
    for name, change in {
            "version 99": lambda f: put(f.footer, 1, 99), "a negative version": lambda f: put(f.footer, 1, -1),
            "no columns": lambda f: f.schema.clear(), "only the root": lambda f: f.schema.__delitem__(slice(1, None)),
            "a root of 99 children": lambda f: put(f.schema[0], 5, 99),
            "a root of -1 children": lambda f: put(f.schema[0], 5, -1),
            "a root of 2 billion children": lambda f: put(f.schema[0], 5, (1 << 31) - 1),
            "a root without children": lambda f: put(f.schema[0], 5, 0),
            "a column with children": lambda f: put(f.schema[1], 5, 1, I32),
            "a column of type 99": lambda f: put(f.schema[1], 1, 99),
            "a column of another type": lambda f: put(f.schema[1], 1, 5),
            "a column of fixed length": lambda f: (put(f.schema[1], 1, 7), put(f.schema[1], 2, 1 << 30, I32)),
            "a column of repetition 99": lambda f: put(f.schema[1], 3, 99),
            "a column that repeats": lambda f: put(f.schema[1], 3, 2),
            "a column of conversion 99": lambda f: put(f.schema[1], 6, 99, I32),
            "a column named by nothing": lambda f: put(f.schema[1], 4, b""),
            "a column named by a NUL": lambda f: put(f.schema[1], 4, b"coo\0kie"),
            "a column named by no text": lambda f: put(f.schema[1], 4, b"\xff\xfe\xfd"),
            "a column named by 60,000 letters": lambda f: put(f.schema[1], 4, b"x" * 60000),
            "a column twice": lambda f: put(f.schema[2], 4, b"cookie"),
            "a column twice in other case": lambda f: put(f.schema[2], 4, b"COOKIE"),
            "no groups": lambda f: f.row_groups.clear(),
            "a group twice": lambda f: f.row_groups.append(f.row_groups[0]),
            "a thousand groups": lambda f: f.row_groups.extend(f.row_groups * 999),
            "a group without columns": lambda f: f.row_groups[0][1][1][1].clear(),
            "a group of too few columns": lambda f: f.row_groups[0][1][1][1].pop(),
            "a group of too many columns": lambda f: f.row_groups[0][1][1][1].append(f.row_groups[0][1][1][1][0]),
            "columns in another order": lambda f: f.row_groups[0][1][1][1].reverse(),
            "a column's file elsewhere": lambda f: put(f.row_groups[0][1][1][1][0], 1, b"/etc/passwd", BINARY),
            "codec 99": lambda f: put(f.column(0), 4, 99), "codec LZO": lambda f: put(f.column(0), 4, 3),
            "codec gzip for snappy": lambda f: put(f.column(0), 4, 2),
            "codec none for snappy": lambda f: put(f.column(0), 4, 0),
            "type 99 of the pages": lambda f: put(f.column(0), 1, 99),
            "another column's pages": lambda f: f.row_groups[0][1][1][1][0].__setitem__(3, f.row_groups[0][1][1][1][3][3]),
            "a path of nothing": lambda f: put(f.column(0), 3, (BINARY, [])),
            "a path of a thousand parts": lambda f: put(f.column(0), 3, (BINARY, [b"x"] * 1000)),
            "no statistics": lambda f: f.column(3).pop(12, None),
            "statistics of one byte": lambda f: f.column(3)[12][1].update({5: (BINARY, b"x"), 6: (BINARY, b"x")}),
            "statistics the wrong way round": lambda f: f.column(3)[12][1].update({
                5: (BINARY, b"\0" * 8), 6: (BINARY, b"\xff" * 7 + b"\x7f")}),
            "an author of a megabyte": lambda f: put(f.footer, 6, b"x" * 1000000, BINARY)}.items():
        yield f"a footer of {name}", edited(change)
    for name, change in {
            "of type 99": lambda h: put(h, 1, 99), "of type index": lambda h: put(h, 1, 1),
            "of no type": lambda h: h.pop(1), "of -1 raw bytes": lambda h: put(h, 2, -1),
            "of 2 GiB raw": lambda h: put(h, 2, (1 << 31) - 1), "of 0 raw bytes": lambda h: put(h, 2, 0),
            "of -1 bytes": lambda h: put(h, 3, -1), "of 2 GiB": lambda h: put(h, 3, (1 << 31) - 1),
            "of 0 bytes": lambda h: put(h, 3, 0), "without its own head": lambda h: (h.pop(5, None), h.pop(7, None)),
            "of a wrong sum": lambda h: put(h, 4, 12345, I32)}.items():
        yield f"a page {name}", edited(lambda f, c=change: f.change_page(0, c))


def cases():
    for family in (files, bytes_, csvs, footers):
        yield from family()
