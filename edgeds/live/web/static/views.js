// Which view is shown, and the sliders of the views.

import { at, setText } from "/dom.js";
import { say } from "/notes.js";
import { ask, on } from "/run.js";

const VIEWS = {
  "overlay": "Overlay",
  "mask": "Mask",
  "depth": "Depth",
  "side-by-side": "Side by side",
  "cutout": "Cutout",
  "replace": "Replace",
  "blur": "Blur",
};
const SETTLE_MS = 700; // an older status does not undo what was just set by hand
const SEND_MS = 100; // a slider sends at most ten values a second, and always the last one

let chosenAt = -Infinity;
const sliders = [slider("opacity"), slider("blur")];

for (const [view, name] of Object.entries(VIEWS)) {
  const radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: "view", id: `view-${view}`, value: view });
  radio.addEventListener("change", () => choose(view));
  const label = document.createElement("label");
  label.htmlFor = radio.id;
  label.textContent = name;
  const item = document.createElement("span");
  item.append(radio, label);
  at("views").append(item);
}

on("status", (now) => {
  if (chosenAt < performance.now() - SETTLE_MS) {
    const radio = at(`view-${now.view}`);
    if (radio && !radio.checked) radio.checked = true;
    arrange(now.view);
  }
  for (const each of sliders) each.update(now);
});

export function choose(view) {
  chosenAt = performance.now();
  at(`view-${view}`).checked = true;
  arrange(view);
  ask({ do: "view", view });
}

export function nextView() {
  const views = Object.keys(VIEWS);
  const chosen = document.querySelector("input[name=view]:checked")?.value;
  const next = views[(views.indexOf(chosen) + 1) % views.length];
  choose(next);
  say(`${VIEWS[next]} view`);
}

function arrange(view) {
  at("opacity-row").hidden = view !== "overlay" && view !== "side-by-side";
  at("backdrop-row").hidden = view !== "replace";
  at("blur-row").hidden = view !== "blur";
  const label = `Live picture, ${VIEWS[view] ?? view} view`;
  for (const element of [at("picture"), at("video")]) {
    if (element.getAttribute("aria-label") !== label) element.setAttribute("aria-label", label);
  }
}

// A slider of 0 to 100 percent for a setting of 0 to 1.
function slider(name) {
  const input = at(name);
  let touchedAt = -Infinity;
  let timer = null;

  function show(percent) {
    if (input.valueAsNumber !== percent) input.value = percent;
    input.setAttribute("aria-valuetext", `${percent} percent`);
    input.style.setProperty("--share", `${percent}%`);
    setText(`${name}-value`, `${percent} %`);
  }

  input.addEventListener("input", () => {
    touchedAt = performance.now();
    show(input.valueAsNumber);
    timer ??= setTimeout(() => {
      timer = null;
      touchedAt = performance.now();
      ask({ do: name, [name]: input.valueAsNumber / 100 });
    }, SEND_MS);
  });
  return {
    update(now) {
      if (touchedAt < performance.now() - SETTLE_MS) show(Math.round(now[name] * 100));
    },
  };
}
