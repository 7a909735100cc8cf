// The run as the page knows it: its last status, its messages, and commands to it.
// Other modules listen with `on`; they know each other as little as possible.

import { Live } from "/live.js";
import { complain } from "/notes.js";

const listeners = {
  status: [], // (now, before): before is null after a connection was made
  lost: [], // (reason, before)
  picture: [], // (bitmap)
  done: [], // (message)
  stream: [], // (message)
  "no-stream": [],
};
let status = null;

export function on(kind, listener) {
  listeners[kind].push(listener);
}

// The last status; null while there is no connection.
export const current = () => status;

export const live = new Live({
  picture: (bitmap) => emit("picture", bitmap),
  status: (message) => {
    const before = status;
    status = message;
    emit("status", message, before);
  },
  done: (message) => emit("done", message),
  error: (message) => complain(message),
  "stream": (message) => emit("stream", message),
  "no-stream": () => emit("no-stream"),
  lost: (reason) => {
    const before = status;
    status = null;
    emit("lost", reason, before);
  },
});

export function ask(command) {
  const sent = live.command(command);
  if (!sent) complain({ what: "the page is not connected", fix: "it tries again by itself" });
  return sent;
}

// POST a body; the answer, or null where it was refused, which is then said.
export async function post(path, body, headers = {}) {
  try {
    const answer = await fetch(path, { method: "POST", body, headers });
    if (answer.ok) return answer;
    complain(await answer.json().catch(() => ({ what: `the server answers ${answer.status}` })));
  } catch {
    complain({ what: "the server cannot be reached", fix: "the page tries again by itself" });
  }
  return null;
}

function emit(kind, ...message) {
  for (const listener of listeners[kind]) listener(...message);
}
