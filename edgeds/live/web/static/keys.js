// Single-key shortcuts, which can be switched off (WCAG 2.1.4).

import { at, kept } from "/dom.js";
import { record, snapshot } from "/files.js";
import { toggleFullScreen } from "/picture.js";
import { cancel, takeOrCancel } from "/plate.js";
import { nextView } from "/views.js";

const KEYS = { b: takeOrCancel, v: nextView, r: record, s: snapshot, f: toggleFullScreen };

at("keys").checked = kept.get("keys") !== "off";
at("keys").addEventListener("change", () => kept.set("keys", at("keys").checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") cancel();
  if (!at("keys").checked || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key.toLowerCase()];
  if (!action || event.target.matches("input[type=text], input:not([type]), textarea")) return;
  event.preventDefault();
  action();
});
