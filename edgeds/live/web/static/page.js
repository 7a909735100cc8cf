// The page: what the run tells becomes visible and audible, what people press becomes a command.

import { Live } from "/live.js";
import { Spark } from "/spark.js";
import { Stream } from "/stream.js";

const VIEWS = {
  "overlay": "Overlay",
  "mask": "Mask",
  "depth": "Depth",
  "side-by-side": "Side by side",
  "cutout": "Cutout",
  "replace": "Replace",
  "blur": "Blur",
};
const STATES = {
  running: "Live",
  stalled: "Stalled",
  reconnecting: "Reconnecting",
  ended: "Ended",
};
const SETTLE_MS = 700; // what was just set by hand is not set back by an older status
const LONGEST_BACKDROP_PX = 2560;
// On the machine that runs edgeds single pictures are there sooner, and bandwidth costs nothing.
const IS_FAR = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

const at = (id) => document.getElementById(id);
const canvas = at("picture");
const paint = canvas.getContext("2d", { alpha: false });
const fpsSpark = new Spark(at("fps-spark"), { floor: 10 });
const latencySpark = new Spark(at("latency-spark"), { floor: 20 });

let status = null;
const touched = { view: -Infinity, opacity: -Infinity };
let shownAt = [];
let drawn = 0;
let lostBecause = "";
let streamsByItself = IS_FAR; // until somebody chooses, or it does not get through

// The token in the address has done its work: the cookie is set.
if (location.search) history.replaceState(null, "", "/");

const live = new Live({
  picture: show,
  status: (message) => { update(message); status = message; lostBecause = ""; },
  done: (message) => toast(`Saved ${message.name}`),
  error: (message) => complain(message),
  "stream": (message) => stream.accept(message.answer),
  "no-stream": () => stream.fail(),
  lost: (reason) => lose(reason),
});

const stream = new Stream(at("video"), {
  offer: (offer) => ask({ do: "stream", offer }),
  frame: count,
  playing: (on) => {
    at("video").hidden = !on;
    canvas.hidden = on;
    live.pause(on);
    if (!on) live.command({ do: "pictures" });
  },
  failed: (why) => {
    at("stream").checked = false;
    if (!streamsByItself) toast(why, "bad");
    streamsByItself = false;
  },
});

// What the run tells

function show(bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  paint.drawImage(bitmap, 0, 0);
  canvas.dataset.drawn = ++drawn;
  count();
}

function count() {
  const now = performance.now();
  shownAt.push(now);
  while (shownAt[0] < now - 3000) shownAt.shift();
}

function update(now) {
  setText("source", now.source);
  setText("engine", `${now.engine} · ${now.size[1]}×${now.size[0]}`);
  updateState(now);
  updateView(now);
  updatePlate(now);
  updateRecording(now);
  updateNumbers(now);
  for (const failure of now.failures) {
    if (status && !status.failures.includes(failure)) complain({ what: failure });
  }
  document.title = `${now.recording ? "● " : ""}${now.source} · edgeds live`;
}

function updateState(now) {
  const state = now.source_state;
  at("state").dataset.state = state;
  setText("state-text", STATES[state]);
  const message = state === "running" ? "" : now.source_message || STATES[state];
  setBanner(message);
  at("stage").classList.toggle("dim", state !== "running");
  if (status && status.source_state !== state) {
    say(state === "running" ? "The picture is live again" : message);
  }
}

function updateView(now) {
  const settled = performance.now() - SETTLE_MS;
  if (touched.view < settled) {
    const radio = at(`view-${now.view}`);
    if (radio && !radio.checked) radio.checked = true;
    arrange(now.view);
  }
  if (touched.opacity < settled) setOpacity(Math.round(now.opacity * 100));
}

function arrange(view) {
  at("opacity-row").hidden = view !== "overlay" && view !== "side-by-side";
  at("backdrop-row").hidden = view !== "replace";
  const label = `Live picture, ${VIEWS[view] ?? view} view`;
  for (const element of [canvas, at("video")]) {
    if (element.getAttribute("aria-label") !== label) element.setAttribute("aria-label", label);
  }
}

function updatePlate(now) {
  const plate = now.plate;
  const busy = plate.phase === "counting" || plate.phase === "capturing";
  const isThere = plate.phase === "ready" || plate.health !== null;
  at("count").hidden = !busy;
  const counting = plate.phase === "counting";
  setText("count-number", counting ? String(Math.max(1, Math.ceil(plate.secs_left))) : "●");
  at("count").dataset.phase = plate.phase;
  setText("count-text", counting ? "Step out of the picture" : "Hold still: taking the plate");
  at("plate").setAttribute("aria-disabled", String(busy));
  setText("plate-label", busy ? "Taking…" : isThere ? "Retake the plate" : "Take the plate");
  at("verdict").dataset.phase = plate.phase;
  const verdicts = { none: "No plate yet", counting: "Counting down…", capturing: "Capturing…" };
  setText("verdict", (!busy && plate.verdict) || verdicts[plate.phase] || "The plate is in use");
  at("health-row").hidden = plate.health === null;
  if (plate.health !== null) {
    const level = plate.health < 0.35 ? "bad" : plate.health < 0.7 ? "fair" : "good";
    at("health").dataset.level = level;
    at("health").setAttribute("aria-valuenow", plate.health.toFixed(2));
    at("health").style.setProperty("--share", `${100 * plate.health}%`);
    setText("health-value", `${Math.round(plate.health * 100)} %`);
  }
  const prompt = busy ? "" : plate.prompt;
  at("prompt").hidden = !prompt;
  setText("prompt-text", prompt);
  announcePlate(plate, prompt);
}

function announcePlate(plate, prompt) {
  const before = status?.plate;
  if (!before) return;
  if (plate.phase !== before.phase) {
    if (plate.phase === "counting") {
      warn(`The plate is taken in ${Math.ceil(plate.secs_left)} seconds. Step out of the picture.`);
    } else if (plate.phase === "capturing") {
      say("Taking the plate.");
    } else if (plate.phase === "ready") {
      toast(plate.verdict || "The plate is taken", "good");
    } else if (plate.phase === "refused") {
      toast(plate.verdict || "The plate was refused", "bad");
    }
  }
  if (prompt && prompt !== before.prompt) warn(prompt);
}

function updateRecording(now) {
  const on = now.recording !== null;
  at("record").dataset.on = on;
  setText("record-label", on ? "Stop recording" : "Record");
  at("rec").hidden = !on;
  if (on) setText("rec-time", clock(now.recording_secs));
  if (on && status && !status.recording) say(`Recording to ${now.recording}`);
  listRecordings(now.recordings);
}

function listRecordings(recordings) {
  const list = at("recordings");
  at("recordings-card").hidden = recordings.length === 0;
  if (list.children.length === recordings.length) return;
  list.replaceChildren(...recordings.map(({ name, href }) => {
    const link = document.createElement("a");
    link.href = href;
    link.download = name;
    link.append(icon("i-save"), name);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
}

function updateNumbers(now) {
  fpsSpark.push(now.fps);
  latencySpark.push(now.latency_p50_ms);
  setText("fps", now.fps.toFixed(1));
  setText("latency", milliseconds(now.latency_p50_ms));
  setText("p95", milliseconds(now.latency_p95_ms));
  const gaps = shownAt.length - 1;
  const secs = gaps > 0 ? (shownAt[gaps] - shownAt[0]) / 1000 : 0;
  setText("here", secs > 0.5 ? `${(gaps / secs).toFixed(1)} fps` : "–");
  const share = now.grabbed ? (100 * now.dropped) / now.grabbed : 0;
  setText("dropped", `${now.dropped} (${share.toFixed(share < 10 ? 1 : 0)} %)`);
  setText("secs", clock(now.secs));
  offerStream(now.webrtc && Boolean(window.RTCPeerConnection));
}

function offerStream(isPossible) {
  at("stream-row").hidden = !isPossible;
  if (!isPossible || !streamsByItself || at("stream").checked) return;
  at("stream").checked = true;
  stream.start();
}

function lose(reason) {
  at("state").dataset.state = "lost";
  setText("state-text", "Not connected");
  lostBecause = reason || lostBecause; // the attempts after it know nothing better
  setBanner(`Not connected${lostBecause && `: ${lostBecause}`}. Trying again…`);
  at("stage").classList.add("dim");
  if (status) say("The connection is lost; trying again");
  at("stream").checked = false;
  stream.stop();
  status = null;
}

// What people do

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

function choose(view) {
  touched.view = performance.now();
  at(`view-${view}`).checked = true;
  arrange(view);
  ask({ do: "view", view });
}

at("opacity").addEventListener("input", () => {
  touched.opacity = performance.now();
  setOpacity(at("opacity").valueAsNumber);
  sendOpacity();
});

let opacityTimer = null;
function sendOpacity() {
  // At most ten a second, and always the last one.
  opacityTimer ??= setTimeout(() => {
    opacityTimer = null;
    touched.opacity = performance.now();
    ask({ do: "opacity", opacity: at("opacity").valueAsNumber / 100 });
  }, 100);
}

function setOpacity(percent) {
  const slider = at("opacity");
  if (slider.valueAsNumber !== percent) slider.value = percent;
  slider.setAttribute("aria-valuetext", `${percent} percent`);
  slider.style.setProperty("--share", `${percent}%`);
  setText("opacity-value", `${percent} %`);
}

function takePlate() {
  if (at("plate").getAttribute("aria-disabled") !== "true") ask({ do: "plate" });
}

function record() {
  ask({ do: status?.recording ? "stop-recording" : "record" });
}

async function snapshot() {
  const answer = await post("/snapshot");
  if (!answer) return;
  const name = /filename="?([^";]+)/.exec(answer.headers.get("content-disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name ? name[1] : "snapshot.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(`Saved ${link.download}`);
}

async function useBackdrop(file) {
  if (!file) return;
  at("backdrop-row").setAttribute("aria-busy", "true");
  const answer = await post("/backdrop", await shrunk(file));
  at("backdrop-row").removeAttribute("aria-busy");
  at("backdrop").value = "";
  if (!answer) return;
  preview(file);
  choose("replace");
  toast("The backdrop is in place", "good");
}

// Smaller, upright, and in a format the server knows, whatever the phone took it in.
async function shrunk(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_BACKDROP_PX / Math.max(bitmap.width, bitmap.height));
    const sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(bitmap.width * scale));
    sheet.height = Math.max(1, Math.round(bitmap.height * scale));
    sheet.getContext("2d").drawImage(bitmap, 0, 0, sheet.width, sheet.height);
    bitmap.close();
    return await new Promise((done) => sheet.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.92));
  } catch {
    return file; // the server will say what is wrong with it
  }
}

function preview(file) {
  const image = at("backdrop-preview");
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", body });
    if (answer.ok) return answer;
    complain(await answer.json().catch(() => ({ what: `The server answers ${answer.status}` })));
  } catch {
    complain({ what: "The server cannot be reached", fix: "it is tried again by itself" });
  }
  return null;
}

function ask(command) {
  if (!live.command(command)) complain({ what: "Not connected", fix: "it is tried again by itself" });
}

at("plate").addEventListener("click", takePlate);
at("prompt-plate").addEventListener("click", takePlate);
at("record").addEventListener("click", record);
at("snapshot").addEventListener("click", snapshot);
at("backdrop").addEventListener("change", () => useBackdrop(at("backdrop").files[0]));
at("plain").addEventListener("click", () => { preview(null); ask({ do: "plain-backdrop" }); });
at("full").addEventListener("click", full);
at("stream").addEventListener("change", () => {
  streamsByItself = false;
  if (at("stream").checked) stream.start();
  else stream.stop();
});

at("stage").addEventListener("dragover", (event) => event.preventDefault());
at("stage").addEventListener("drop", (event) => {
  event.preventDefault();
  useBackdrop(event.dataTransfer.files[0]);
});

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else at("stage").requestFullscreen?.();
}

function nextView() {
  const views = Object.keys(VIEWS);
  const chosen = document.querySelector("input[name=view]:checked")?.value;
  choose(views[(views.indexOf(chosen) + 1) % views.length]);
  say(`${VIEWS[document.querySelector("input[name=view]:checked").value]} view`);
}

const KEYS = { b: takePlate, v: nextView, r: record, s: snapshot, f: full };
try { at("keys").checked = localStorage.getItem("edgeds-keys") !== "off"; } catch { /* private */ }
at("keys").addEventListener("change", () => {
  try { localStorage.setItem("edgeds-keys", at("keys").checked ? "on" : "off"); } catch { /* private */ }
});
document.addEventListener("keydown", (event) => {
  if (!at("keys").checked || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key.toLowerCase()];
  if (!action || event.target.matches("input[type=text], input:not([type]), textarea")) return;
  event.preventDefault();
  action();
});

// Words

function setText(id, text) {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
}

function setBanner(text) {
  at("banner").hidden = !text;
  setText("banner-text", text);
}

function say(text) {
  at("say").textContent = text;
}

function warn(text) {
  at("alert").textContent = text;
}

function toast(text, kind = "") {
  const note = document.createElement("p");
  note.className = `toast ${kind}`;
  note.textContent = text;
  at("toasts").append(note);
  while (at("toasts").children.length > 3) at("toasts").firstChild.remove();
  setTimeout(() => note.remove(), kind === "bad" ? 10000 : 5000);
  if (kind === "bad") warn(text);
  else say(text);
}

function complain({ what, why, fix }) {
  toast([what, why, fix].filter(Boolean).join(". "), "bad");
}

function icon(id) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#${id}`);
  return svg;
}

function clock(secs) {
  const whole = Math.floor(secs);
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function milliseconds(ms) {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}
