// What the page says: to screen readers, and in notes that go away. Knows nothing about the run.

import { at, icon } from "/dom.js";

const NOTES = 3;
const SHORT_MS = 6000;
const LONG_MS = 12000;

export function say(text) {
  at("say").textContent = text;
}

export function warn(text) {
  at("alert").textContent = text;
}

// kind: "", "good" or "bad". file: {name, href}, offered for download.
export function toast(text, { kind = "", file = null } = {}) {
  const note = document.createElement("div");
  note.className = `toast ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  note.append(words);
  if (file) note.append(downloadLink(file, "Download"));
  at("toasts").append(note);
  while (at("toasts").children.length > NOTES) at("toasts").firstChild.remove();
  setTimeout(() => note.remove(), kind === "bad" || file ? LONG_MS : SHORT_MS);
  if (kind === "bad") warn(text);
  else say(text);
}

export function complain(error) {
  toast(sentences(error), { kind: "bad" });
}

export function downloadLink({ name, href }, text) {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.append(icon("i-save"), text);
  return link;
}

// "what" happened: "why". What to do ("fix").
export function sentences({ what, why, fix }) {
  return [why ? `${what}: ${why}` : what, fix].filter(Boolean).map(sentence).join(" ");
}

export function sentence(text) {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
