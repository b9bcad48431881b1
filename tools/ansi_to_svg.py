#!/usr/bin/env python3
"""Draws a terminal's output as an SVG: reads text with colour codes, writes a picture.

    reachproof --color always results | tools/ansi_to_svg.py > docs/images/results.svg
"""

import html
import re
import sys

COLOURS = {"34": "#4ea1d8", "1;38;5;202": "#ff6a13", "1;35": "#e08fb8", "33": "#d9b44a", "2": "#8b949e", "1": "#ffffff"}
PLAIN, GROUND = "#d0d7de", "#161b22"
CHAR_WIDTH, LINE_HEIGHT, MARGIN = 7.8, 18, 16


def spans(line):
    """Pieces of a line, each with its colour."""
    colour = PLAIN
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", piece)
        if code:
            colour = PLAIN if code[1] in ("", "0") else COLOURS.get(code[1], PLAIN)
        elif piece:
            yield colour, piece


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width = int(columns * CHAR_WIDTH + 2 * MARGIN)
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    print('<g font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">')
    for row, line in enumerate(lines):
        column = 0
        for colour, piece in spans(line):
            x, y = MARGIN + column * CHAR_WIDTH, MARGIN + (row + 0.75) * LINE_HEIGHT
            length = len(piece) * CHAR_WIDTH
            if piece.strip():
                print(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" textLength="{length:.1f}">{html.escape(piece)}</text>')
            column += len(piece)
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
