// A line of the last values, drawn as SVG. Knows nothing about what they mean.

const WIDTH = 240;
const HEIGHT = 40;
const SVG = "http://www.w3.org/2000/svg";

export class Spark {
  // floor: the least value at the top, so that small noise does not look like mountains.
  constructor(svg, { length = 240, floor = 1 } = {}) {
    this.length = length;
    this.floor = floor;
    this.values = [];
    this.area = svg.appendChild(document.createElementNS(SVG, "path"));
    this.line = svg.appendChild(document.createElementNS(SVG, "path"));
    this.area.setAttribute("class", "area");
    this.line.setAttribute("class", "line");
  }

  push(value) {
    this.values.push(value);
    if (this.values.length > this.length) this.values.shift();
    if (!document.hidden) this.draw();
  }

  draw() {
    const top = Math.max(this.floor, ...this.values) * 1.15;
    const step = WIDTH / (this.length - 1);
    const start = WIDTH - (this.values.length - 1) * step;
    const points = this.values.map((value, i) => {
      const x = (start + i * step).toFixed(1);
      const y = (HEIGHT - 1 - (HEIGHT - 3) * (value / top)).toFixed(1);
      return `${x} ${y}`;
    });
    const line = `M${points.join("L")}`;
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", `${line}L${WIDTH} ${HEIGHT}L${start.toFixed(1)} ${HEIGHT}Z`);
  }
}
