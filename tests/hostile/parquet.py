"""The footer and the page headers of a Parquet file as a tree that can be changed and written again:
Thrift's compact protocol, and no more. Standard library only.

A struct is a dict of field number → (type, value); a list is (type of its elements, [values]).
"""

import struct as packing

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def number(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind):
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self.byte()
        if kind in (I16, I32, I64):
            return self.number()
        if kind in (DOUBLE, BINARY):
            size = 8 if kind == DOUBLE else self.varint()
            self.at += size
            return self.data[self.at - size:self.at]
        if kind in (LIST, SET):
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.varint()
            inner = head & 15
            return inner, [self.byte() == TRUE if inner in (TRUE, FALSE) else self.value(inner)
                           for _ in range(count)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"type {kind} at {self.at}")

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.number()
            fields[last] = (head & 15, self.value(head & 15))


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint((value << 1 ^ value >> 63) & 0xFFFFFFFFFFFFFFFF)


def write(kind, value):
    if kind == BYTE:
        return bytes([value & 255])
    if kind in (I16, I32, I64):
        return zigzag(value)
    if kind == DOUBLE:
        return value
    if kind == BINARY:
        return varint(len(value)) + value
    if kind in (LIST, SET):
        inner, values = value
        head = bytes([len(values) << 4 | inner]) if len(values) < 15 else (
            bytes([0xF0 | inner]) + varint(len(values)))
        return head + b"".join(
            bytes([TRUE if one else FALSE]) if inner in (TRUE, FALSE) else write(inner, one)
            for one in values)
    if kind == STRUCT:
        return write_struct(value)
    raise ValueError(f"type {kind}")


def write_struct(fields):
    out, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        step = number - last
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + zigzag(number)
        last = number
        if kind not in (TRUE, FALSE):
            out += write(kind, value)
    return bytes(out + b"\0")


class File:
    """`footer` is the tree of the file's metadata; `data` what stands before it."""

    def __init__(self, raw):
        length, = packing.unpack("<I", raw[-8:-4])
        self.data = bytearray(raw[:-8 - length])
        self.footer = Reader(raw, len(raw) - 8 - length).struct()

    def bytes(self):
        footer = write_struct(self.footer)
        return bytes(self.data) + footer + packing.pack("<I", len(footer)) + b"PAR1"

    # ---- parts of the footer, by the names of parquet.thrift ----

    @property
    def schema(self):
        return self.footer[2][1][1]

    @property
    def row_groups(self):
        return self.footer[4][1][1]

    def column(self, index):
        """ColumnMetaData of a column of the first row group."""
        return self.row_groups[0][1][1][1][index][3][1]

    def page_at(self, index):
        meta = self.column(index)
        return meta[11][1] if 11 in meta else meta[9][1]

    def change_page(self, index, change):
        """Change the header of the column's first page; a header that gets longer moves what is
        behind it, so that its offsets are wrong as well."""
        at = self.page_at(index)
        reader = Reader(self.data, at)
        header = reader.struct()
        change(header)
        self.data[at:reader.at] = write_struct(header)


def put(fields, number, value, kind=None):
    """Set a field, of the type that it has or `kind`."""
    fields[number] = (kind or fields[number][0], value)
