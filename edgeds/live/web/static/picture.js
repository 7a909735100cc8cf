// The picture: single JPEGs on a canvas or a WebRTC stream in a video element, in a fixed stage.

import { at, kept, setText } from "/dom.js";
import { toast } from "/notes.js";
import { ask, live, on } from "/run.js";
import { Stream } from "/stream.js";

const RATE_MS = 3000;
// On the machine that runs edgeds, single pictures arrive sooner and bandwidth costs nothing.
const IS_FAR = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

const canvas = at("picture");
const paint = canvas.getContext("2d", { alpha: false });
let drawn = 0;
let shownAt = [];
// A choice is kept; without one, the network decides.
let wantsStream = (kept.get("stream") ?? (IS_FAR ? "on" : "off")) === "on";
let hasChosen = kept.get("stream") !== null;

const stream = new Stream(at("video"), {
  offer: (offer) => ask({ do: "stream", offer }),
  frame: count,
  playing: (isPlaying) => {
    at("video").hidden = !isPlaying;
    canvas.hidden = isPlaying;
    live.pause(isPlaying);
    if (!isPlaying) live.command({ do: "pictures" });
  },
  failed: (why) => {
    wantsStream = false;
    at("stream").checked = false;
    if (hasChosen) toast(why, { kind: "bad" });
  },
});

on("picture", (bitmap) => {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  paint.drawImage(bitmap, 0, 0);
  canvas.dataset.drawn = ++drawn;
  count();
});

on("status", (now, before) => {
  if (now.size[0]) at("stage").style.setProperty("--aspect", `${now.size[1]} / ${now.size[0]}`);
  const gaps = shownAt.length - 1;
  const secs = gaps > 0 ? (shownAt[gaps] - shownAt[0]) / 1000 : 0;
  setText("here", secs > 0.5 ? `${(gaps / secs).toFixed(1)} fps` : "–");
  const isPossible = now.webrtc && Boolean(window.RTCPeerConnection);
  at("stream-row").hidden = !isPossible;
  at("stream").checked = isPossible && wantsStream;
  if (!before && isPossible && wantsStream) stream.start(); // also after each reconnect
});

on("stream", (message) => stream.accept(message.answer));
on("no-stream", () => stream.fail());
on("lost", () => stream.stop());

at("stream").addEventListener("change", () => {
  wantsStream = at("stream").checked;
  hasChosen = true;
  kept.set("stream", wantsStream ? "on" : "off");
  if (wantsStream) stream.start();
  else stream.stop();
});

export function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else at("stage").requestFullscreen?.();
}

at("full").hidden = !document.fullscreenEnabled;
at("full").addEventListener("click", toggleFullScreen);

function count() {
  const now = performance.now();
  shownAt.push(now);
  while (shownAt[0] < now - RATE_MS) shownAt.shift();
}
