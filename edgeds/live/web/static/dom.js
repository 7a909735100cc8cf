// Elements by their id, and text in them. Knows nothing about the run.

export const at = (id) => document.getElementById(id);

export function setText(id, text) {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
}

export function icon(id) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#${id}`);
  return svg;
}

export function clock(secs) {
  const whole = Math.floor(secs);
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// A choice that outlives a reload, where the browser keeps such things.
export const kept = {
  get(name) {
    try { return localStorage.getItem(`edgeds-${name}`); } catch { return null; }
  },
  set(name, value) {
    try { localStorage.setItem(`edgeds-${name}`, value); } catch { /* private window */ }
  },
};
