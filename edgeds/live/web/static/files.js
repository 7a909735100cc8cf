// Recordings and snapshots: made on the computer that runs edgeds, offered for download here.

import { at, clock, setText } from "/dom.js";
import { downloadLink, say, toast } from "/notes.js";
import { ask, current, on, post } from "/run.js";

on("status", (now, before) => {
  const isOn = now.recording !== null;
  at("record").dataset.on = isOn;
  setText("record-label", isOn ? "Stop recording" : "Record");
  at("rec").hidden = !isOn;
  if (isOn) setText("rec-time", clock(now.recording_secs));
  if (isOn && before && !before.recording) say(`Recording to ${now.recording}.`);
  list(now.saved);
  for (const failure of now.failures) {
    if (before && !before.failures.includes(failure)) toast(`${failure}.`, { kind: "bad" });
  }
});

on("done", ({ file }) => {
  toast(`The recording ${file.name} is complete. It is on the computer that runs edgeds.`, {
    kind: "good",
    file,
  });
});

export function record() {
  ask({ do: current()?.recording ? "stop-recording" : "record" });
}

export async function snapshot() {
  const answer = await post("snapshot");
  if (!answer) return;
  const name = /filename="?([^";]+)/.exec(answer.headers.get("content-disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name ? name[1] : "snapshot.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(`The snapshot ${link.download} is downloaded. A copy is on the computer that runs edgeds.`, {
    kind: "good",
  });
}

function list(saved) {
  const files = at("files");
  at("files-card").hidden = saved.length === 0;
  const newest = saved.at(-1)?.href ?? "";
  if (files.dataset.newest === newest) return;
  files.dataset.newest = newest;
  files.replaceChildren(...[...saved].reverse().map((file) => {
    const item = document.createElement("li");
    item.append(downloadLink(file, file.name));
    item.firstChild.dataset.kind = file.kind;
    return item;
  }));
}

at("record").addEventListener("click", record);
at("snapshot").addEventListener("click", snapshot);
