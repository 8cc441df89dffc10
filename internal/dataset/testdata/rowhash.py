"""Golden values of the row hash, computed from its definition in hash.go.

Run with any Python 3; prints the Go constants of golden_test.go.
"""
import datetime
import struct

MASK = 2**64 - 1


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def number(x):
    bits = struct.unpack("<Q", struct.pack("<d", x + 0.0))[0]
    return mix(bits + 0x9E3779B97F4A7C15 & MASK)


def time(when):
    seconds = (when - datetime.datetime(1970, 1, 1)) / datetime.timedelta(seconds=1)
    bits = struct.unpack("<Q", struct.pack("<d", seconds))[0]
    return mix(bits + 0xBEA225F9EB34556D & MASK)


def text(s):
    return mix(fnv(s.encode()) + 0xD1B54A32D192ED03 & MASK)


def row(cells):
    total = 0
    for name, cell in cells.items():
        by_type = {str: text, datetime.datetime: time}
        value = by_type.get(type(cell), number)(cell)
        total += mix(mix(fnv(name.encode())) + 3 * value & MASK)
    return mix(total & MASK)


for constant, cells in {
    "goldenA5": {"a": 5.0},
    "goldenB5": {"b": 5.0},
    "goldenTenth": {"a": 0.1},
    "goldenZero": {"a": -0.0},
    "goldenText": {"a": "text"},
    "goldenBlankText": {"a": " text"},
    "goldenUnicode": {"größe": "süß"},
    "goldenTrue": {"a": "True"},
    "goldenTime": {"a": datetime.datetime(2024, 2, 9, 17, 30)},
    "goldenRow": {"a": 1.5, "b": "x"},
}.items():
    print(f"\t{constant:15} = {row(cells):#018x}")
