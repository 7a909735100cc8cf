"""Boxes and arrows as SVG. Knows nothing about what they stand for."""

from __future__ import annotations

from html import escape

GREEN, BLUE, GREY, AMBER = "#d9f0e6", "#dce8fa", "#eef0f4", "#fdebcf"
_FONT = "font-family='system-ui, sans-serif' font-size='14'"


class Drawing:
    """An SVG picture on white ground, so that it can be read on dark pages too."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' {_FONT}>",
            f"<title>{escape(title)}</title>",
            "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' "
            "markerHeight='7' orient='auto'><path d='M0 0 L8 4 L0 8 z' fill='#445'/>"
            "</marker></defs>",
            f"<rect width='{width}' height='{height}' rx='10' fill='white'/>",
        ]

    def box(self, x: int, y: int, width: int, height: int, fill: str, *lines: str) -> None:
        """A rounded box; its first line is bold."""
        self._parts.append(
            f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='6' fill='{fill}' "
            "stroke='#99a'/>"
        )
        top = y + height / 2 - 9 * (len(lines) - 1)
        for number, line in enumerate(lines):
            self.text(x + width // 2, round(top + 18 * number + 5), line, bold=number == 0)

    def text(
        self, x: int, y: int, text: str, *, bold: bool = False, anchor: str = "middle"
    ) -> None:
        weight = " font-weight='600'" if bold else ""
        self._parts.append(
            f"<text x='{x}' y='{y}' text-anchor='{anchor}' fill='#223'{weight}>"
            f"{escape(text)}</text>"
        )

    def arrow(self, *points: tuple[int, int]) -> None:
        path = " L".join(f"{x} {y}" for x, y in points)
        self._parts.append(
            f"<path d='M{path}' fill='none' stroke='#445' stroke-width='1.5' "
            "marker-end='url(#tip)'/>"
        )

    def svg(self) -> str:
        return "\n".join([*self._parts, "</svg>", ""])
