// How the run is doing, in the bar and over the picture: live, no plate, stalled, not connected.

import { at, setText } from "/dom.js";
import { say } from "/notes.js";
import { on } from "/run.js";

const WORDS = {
  running: "Live",
  "no-plate": "No plate",
  stalled: "Stalled",
  reconnecting: "Reconnecting",
  ended: "Ended",
};
const HIDING = ["cutout", "replace", "blur", "mask", "depth"]; // views without the camera picture

let lostBecause = "";

on("status", (now, before) => {
  lostBecause = "";
  document.body.classList.remove("offline");
  setText("source", now.source);
  setText("engine", `${now.engine} · ${now.size[1]}×${now.size[0]}`);
  const isRunning = now.source_state === "running";
  showState(isRunning && now.plates === 0 ? "no-plate" : now.source_state);
  const message = isRunning ? "" : now.source_message || WORDS[now.source_state];
  showBanner(message);
  at("stage").classList.toggle("dim", !isRunning);
  const isTaking = ["counting", "capturing"].includes(now.plate.phase);
  at("bare").hidden = !isRunning || isTaking || now.plates > 0;
  setText("bare", HIDING.includes(now.view) ? "No plate: the camera is hidden" : "No plate: bare camera");
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

function showState(state) {
  at("state").dataset.state = state;
  setText("state-text", WORDS[state]);
}

function showBanner(text) {
  at("banner").hidden = !text;
  setText("banner-text", text);
}
