// How the run is doing, in the bar and over the picture: live, no plate, stalled, not connected.

import { at, setText } from "/dom.js";
import { say } from "/notes.js";
import { on } from "/run.js";

const WORDS = {
  running: "Live",
  "no-plate": "No plate",
  "no-fit": "The plate does not fit",
  checking: "Checking the plate",
  estimating: "Estimating the plate",
  stalled: "Stalled",
  reconnecting: "Reconnecting",
  ended: "Ended",
};

const DOUBT_MS = 1000; // a glance at a new plate takes that long, and is no news

let lostBecause = "";
let fittedAt = -Infinity;

on("status", (now, before) => {
  lostBecause = "";
  document.body.classList.remove("offline");
  setText("source", now.source);
  setText("engine", now.size[0] ? `${now.engine} · ${now.size[1]}×${now.size[0]}` : now.engine);
  const isRunning = now.source_state === "running";
  if (now.plate.fits) fittedAt = performance.now();
  const isDoubted = now.plates === 0 || performance.now() - fittedAt > DOUBT_MS;
  showState(isRunning && isDoubted ? doubt(now) : now.source_state);
  const message = isRunning ? "" : now.source_message || WORDS[now.source_state];
  showBanner(message);
  at("stage").classList.toggle("dim", !isRunning);
  const isTaking = ["counting", "capturing"].includes(now.plate.phase);
  at("bare").hidden = !isRunning || isTaking || !isDoubted;
  setText("bare", `${WORDS[doubt(now)]}: ${now.hides ? "the camera is hidden" : "bare camera"}`);
  if (before && before.source_state !== now.source_state) {
    say(isRunning ? "The picture is live again" : message);
  }
  document.title = `${now.recording ? "● " : ""}${now.source} · edgeds live`;
});

on("lost", (reason, before) => {
  lostBecause = reason || lostBecause; // later attempts know nothing better
  document.body.classList.add("offline");
  at("state").dataset.state = "lost";
  setText("state-text", "Not connected");
  showBanner(`Not connected${lostBecause && `: ${lostBecause}`}. Trying again…`);
  at("stage").classList.add("dim");
  at("bare").hidden = true;
  if (before) say("The connection is lost. The page tries again.");
});

// Why foreground and background are not told apart.
function doubt(now) {
  if (now.plate.phase === "checking" || now.plate.phase === "estimating") return now.plate.phase;
  return now.plates > 0 ? "no-fit" : "no-plate";
}

function showState(state) {
  at("state").dataset.state = state;
  setText("state-text", WORDS[state]);
}

function showBanner(text) {
  at("banner").hidden = !text;
  setText("banner-text", text);
}
