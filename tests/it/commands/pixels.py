#!/usr/bin/env python3
"""Counts the pixels of given colours in a PNG: pixels.py FILE RRGGBB ... prints width, height and one count for each colour.

Knows what a browser's screenshot is: 8 bits a channel, RGB or RGBA, not interlaced. Called by `backtest.rs`.
"""

import struct
import sys
import zlib

# Of each channel: a screenshot has exact colours inside lines, other ones only at their edges.
TOLERANCE = 6


def rows(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        sys.exit("pixels: not a PNG")
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            if depth != 8 or colour not in (2, 6) or interlace:
                sys.exit("pixels: not 8 bits of RGB or RGBA in plain rows")
        elif kind == b"IDAT":
            packed += body
        at += size + 12
    channels = 3 if colour == 2 else 4
    raw, stride = zlib.decompress(packed), width * channels
    before, found = bytes(stride), []
    for y in range(height):
        start = y * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        unfilter(raw[start], line, before, channels)
        found.append(line)
        before = line
    return width, height, channels, found


def unfilter(kind, line, above, step):
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + above[i]) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + above[i]) // 2) & 255
        elif kind == 4:
            guess = left + above[i] - corner
            near = min((abs(guess - left), 0, left), (abs(guess - above[i]), 1, above[i]), (abs(guess - corner), 2, corner))
            line[i] = (line[i] + near[2]) & 255


def main():
    with open(sys.argv[1], "rb") as file:
        width, height, channels, lines = rows(file.read())
    wanted = [bytes.fromhex(text) for text in sys.argv[2:]]
    counts = [0] * len(wanted)
    for line in lines:
        for x in range(0, len(line), channels):
            for place, colour in enumerate(wanted):
                if all(abs(line[x + i] - colour[i]) <= TOLERANCE for i in range(3)):
                    counts[place] += 1
    print(width, height, *counts)


if __name__ == "__main__":
    main()
