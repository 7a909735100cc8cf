// What stands behind people in the view "replace": a colour, a picture or a video.

import { at, setText } from "/dom.js";
import { say, toast } from "/notes.js";
import { ask, current, on, post } from "/run.js";
import { choose } from "/views.js";

const COLOURS = {
  "#00b140": "Green",
  "#0047bb": "Blue",
  "#000000": "Black",
  "#ffffff": "White",
  "#808080": "Grey",
};
const LONGEST_PX = 2560;

let previewed = ""; // the name of the backdrop in the preview
let replaced = null; // the one before it: a status that was on its way may still name it

for (const [colour, name] of Object.entries(COLOURS)) {
  const swatch = document.createElement("button");
  Object.assign(swatch, { type: "button", className: "swatch", title: name });
  swatch.dataset.colour = colour;
  swatch.setAttribute("aria-label", `${name} backdrop`);
  swatch.style.setProperty("--colour", colour);
  swatch.addEventListener("click", () => useColour(colour));
  at("custom").before(swatch);
}

on("status", (now) => {
  const isColour = now.backdrop.startsWith("#");
  for (const swatch of document.querySelectorAll(".swatch[data-colour]")) {
    swatch.setAttribute("aria-pressed", swatch.dataset.colour === now.backdrop);
  }
  const isCustom = isColour && !(now.backdrop in COLOURS);
  at("custom").dataset.pressed = isCustom;
  if (isCustom && document.activeElement !== at("colour")) at("colour").value = now.backdrop;
  at("backdrop-name").hidden = isColour;
  setText("backdrop-name", isColour ? "" : now.backdrop);
  if (now.backdrop !== replaced) replaced = null;
  if (now.backdrop !== previewed && replaced === null) preview(null);
});

function useColour(colour) {
  ask({ do: "colour", colour });
  say(`${COLOURS[colour] ?? colour} backdrop`);
}

async function useFile(file) {
  if (!file) return;
  const isVideo = file.type.startsWith("video/") || /\.(mp4|mov|m4v|webm|mkv)$/i.test(file.name);
  at("backdrop-row").setAttribute("aria-busy", "true");
  if (isVideo) toast(`The video ${file.name} is being uploaded.`);
  const headers = { "x-file-name": encodeURIComponent(file.name) };
  const answer = isVideo
    ? await post("backdrop-video", file, headers)
    : await post("backdrop", await shrunk(file), headers);
  at("backdrop-row").removeAttribute("aria-busy");
  at("backdrop").value = "";
  if (!answer) return;
  previewed = (await answer.json()).name;
  replaced = current()?.backdrop ?? null;
  preview(isVideo ? null : file);
  choose("replace");
  toast(`${file.name} is the backdrop now.`, { kind: "good" });
}

// Smaller, upright, and in a format the server knows, whatever format the phone uses.
async function shrunk(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
    const sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(bitmap.width * scale));
    sheet.height = Math.max(1, Math.round(bitmap.height * scale));
    sheet.getContext("2d").drawImage(bitmap, 0, 0, sheet.width, sheet.height);
    bitmap.close();
    return await new Promise((done) => sheet.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.92));
  } catch {
    return file; // the server says what is wrong with it
  }
}

function preview(file) {
  const image = at("backdrop-preview");
  if (!file && image.hidden) return;
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

at("colour").addEventListener("change", () => useColour(at("colour").value));
at("backdrop").addEventListener("change", () => useFile(at("backdrop").files[0]));
at("stage").addEventListener("dragover", (event) => event.preventDefault());
at("stage").addEventListener("drop", (event) => {
  event.preventDefault();
  useFile(event.dataTransfer.files[0]);
});
