// What the rules know, and the editor of zones and lines: with the mouse, by touch, and by keyboard.

import { at } from "/dom.js";
import { complain, say } from "/notes.js";
import { current, on, post } from "/run.js";
import { choose } from "/views.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01;
const FAR_STEP = 0.05;

let shapes = null; // [{kind: "zone" | "line", name, points, left, right}] while they are edited
let left = []; // ids of what was left behind
let chosen = null; // {shape, point}: indices

on("status", (now) => {
  at("watched-card").hidden = !now.watched;
  if (now.watched) show(now.watched);
});
on("lost", () => close());

function show(watched) {
  const rows = [["Objects", watched.objects]];
  for (const [name, zone] of Object.entries(watched.zones ?? {})) rows.push([name, zone.count]);
  for (const [name, counts] of Object.entries(watched.lines ?? {})) {
    for (const [way, count] of Object.entries(counts)) rows.push([`${name}: ${way}`, count]);
  }
  for (const [name, isNear] of Object.entries(watched.near ?? {})) rows.push([name, isNear ? "yes" : "no"]);
  for (const kind of ["left_behind", "removed"]) {
    for (const [name, ids] of Object.entries(watched[kind] ?? {})) rows.push([name, ids.length]);
  }
  left = Object.values(watched.left_behind ?? {}).flat();
  at("take-in").hidden = !left.length;
  const list = at("watched");
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach(([name, value], index) => {
    const row = list.children[index] ?? list.appendChild(emptyRow());
    if (row.firstChild.textContent !== name) row.firstChild.textContent = name;
    if (row.lastChild.textContent !== String(value)) row.lastChild.textContent = value;
  });
}

function emptyRow() {
  const row = document.createElement("div");
  row.append(document.createElement("dt"), document.createElement("dd"));
  return row;
}

at("take-in").addEventListener("click", async () => {
  const headers = { "content-type": "application/json" };
  for (const object of left) await post("api/plate/take-in", JSON.stringify({ object }), headers);
});

at("zones-edit").addEventListener("click", async () => {
  const answer = await fetch("api/shapes").catch(() => null);
  if (!answer?.ok) {
    complain({ what: "the zones cannot be read", fix: "try again" });
    return;
  }
  const { zones, lines } = await answer.json();
  shapes = [
    ...zones.map((zone) => ({ kind: "zone", ...zone })),
    ...lines.map((line) => ({ ...line, kind: "line", points: [line.from, line.to] })),
  ];
  choose("overlay"); // the other views do not show the room, or show it twice
  open(true);
  if (shapes.length) select(0, 0, true);
});

at("zones-cancel").addEventListener("click", close);
at("zones-apply").addEventListener("click", async () => {
  const zones = shapes.filter((shape) => shape.kind === "zone").map(({ name, points }) => ({ name, points }));
  const lines = shapes.filter((shape) => shape.kind === "line").map((line) => ({
    name: line.name, from: line.points[0], to: line.points[1], left: line.left, right: line.right,
  }));
  const headers = { "content-type": "application/json" };
  if (await post("api/shapes", JSON.stringify({ zones, lines }), headers)) {
    close();
    say("The zones and lines are in use. Download rules.toml to keep them.");
  }
});

at("zone-new").addEventListener("click", () => {
  add({ kind: "zone", name: freeName("zone"), points: [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]] });
});
at("line-new").addEventListener("click", () => {
  add({ kind: "line", name: freeName("line"), points: [[0.3, 0.5], [0.7, 0.5]], left: "left", right: "right" });
});
at("point-add").addEventListener("click", addPoint);
at("shape-remove").addEventListener("click", () => {
  shapes.splice(chosen.shape, 1);
  if (shapes.length) select(0, 0, false);
  else select(null);
});
at("shape-name").addEventListener("input", () => {
  shapes[chosen.shape].name = at("shape-name").value;
  draw();
});

function open(isOpen) {
  at("zones-editor").hidden = !isOpen;
  at("zones-row").hidden = isOpen;
  at("shapes").toggleAttribute("hidden", !isOpen);
}

function close() {
  const hadFocus = shapes !== null;
  shapes = chosen = null;
  open(false);
  at("shapes").replaceChildren();
  if (hadFocus) at("zones-edit").focus();
}

function add(shape) {
  shapes.push(shape);
  select(shapes.length - 1, 0, true);
}

function freeName(kind) {
  let number = 1;
  while (shapes.some((shape) => shape.name === `${kind} ${number}`)) number += 1;
  return `${kind} ${number}`;
}

function addPoint() {
  const { points, kind } = shapes[chosen.shape];
  if (kind === "line" || points.length >= 64) return;
  const [a, b] = [points[chosen.point], points[(chosen.point + 1) % points.length]];
  points.splice(chosen.point + 1, 0, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  select(chosen.shape, chosen.point + 1, true);
}

function removePoint() {
  const { points, kind } = shapes[chosen.shape];
  if (kind === "line" || points.length <= 3) return;
  points.splice(chosen.point, 1);
  select(chosen.shape, chosen.point % points.length, true);
}

function select(shape, point, focus) {
  chosen = shape === null ? null : { shape, point };
  at("shape-name").disabled = at("shape-remove").disabled = chosen === null;
  at("point-add").disabled = chosen === null || shapes[shape].kind === "line";
  at("shape-name").value = chosen === null ? "" : shapes[shape].name;
  draw();
  if (focus) at("shapes").querySelector(`[data-at="${shape},${point}"]`)?.focus();
}

function move(x, y) {
  const within = (share) => Math.round(1e4 * Math.min(1, Math.max(0, share))) / 1e4;
  shapes[chosen.shape].points[chosen.point] = [within(x), within(y)];
  draw();
}

// Elements are made once and moved: a point that is dragged keeps the pointer, and its focus.
function draw() {
  const svg = at("shapes");
  const [height, width] = current()?.size ?? [1080, 1920];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const wanted = new Set();
  const element = (key, tag, make = () => {}) => {
    wanted.add(key);
    let found = svg.querySelector(`[data-key="${key}"]`);
    if (found?.tagName !== tag) {
      found?.remove();
      found = document.createElementNS(SVG, tag);
      found.dataset.key = key;
      make(found);
      svg.append(found);
    }
    return found;
  };
  shapes.forEach((shape, index) => {
    const places = shape.points.map(([x, y]) => [x * width, y * height]);
    const outline = element(`shape-${index}`, shape.kind === "zone" ? "polygon" : "line");
    outline.classList.toggle("chosen", chosen?.shape === index);
    if (shape.kind === "zone") outline.setAttribute("points", places.join(" "));
    else {
      const [[x1, y1], [x2, y2]] = places;
      for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) outline.setAttribute(name, value);
    }
    const name = element(`name-${index}`, "text");
    name.textContent = shape.name;
    name.setAttribute("x", places[0][0] + width / 80);
    name.setAttribute("y", places[0][1] - width / 120);
    name.setAttribute("font-size", width / 45);
  });
  shapes.forEach((shape, index) => shape.points.forEach(([x, y], point) => {
    const handle = element(`point-${index}-${point}`, "circle", listen);
    handle.dataset.at = `${index},${point}`;
    handle.setAttribute("cx", x * width);
    handle.setAttribute("cy", y * height);
    handle.setAttribute("r", width / 90);
    handle.setAttribute("tabindex", "0");
    handle.setAttribute("role", "button");
    const place = `${Math.round(100 * x)} % across, ${Math.round(100 * y)} % down`;
    handle.setAttribute("aria-label", `${shape.name}, point ${point + 1}: ${place}`);
  }));
  for (const child of [...svg.children]) if (!wanted.has(child.dataset.key)) child.remove();
}

function listen(handle) {
  const own = () => handle.dataset.at.split(",").map(Number);
  handle.addEventListener("focus", () => {
    const [shape, point] = own();
    if (chosen?.shape !== shape || chosen?.point !== point) select(shape, point, false);
  });
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    select(...own(), true);
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(at("shapes").getScreenCTM().inverse());
    const [height, width] = current()?.size ?? [1080, 1920];
    move(place.x / width, place.y / height);
  });
  handle.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? FAR_STEP : STEP;
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const [x, y] = shapes[chosen.shape].points[chosen.point];
    if (ways[event.key]) move(x + ways[event.key][0], y + ways[event.key][1]);
    else if (event.key === "Insert" || event.key === "+") addPoint();
    else if (event.key === "Delete" || event.key === "Backspace") removePoint();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
