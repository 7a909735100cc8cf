// The WebSocket to the run: pictures and status out, commands in; it reconnects by itself.
// Knows nothing about the page. See edgeds/live/web/viewer_socket.py for the messages.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const SERVICE_RESTART = 1012; // what the server says when it ends (RFC 6455's registry)
const UNAUTHORIZED = 401;

export class Live {
  // on: {picture(bitmap), status(message), done(message), error(message), lost(reason)}
  constructor(on) {
    this.on = on;
    this.wait = FIRST_WAIT_MS;
    this.paused = false;
    this.owed = []; // pictures drawn but not acknowledged: a hidden page asks for no more
    document.addEventListener("visibilitychange", () => this.settle());
    this.connect();
  }

  get connected() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    const url = new URL("live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.owed = [];
    this.newest = 0;
    const socket = new WebSocket(url);
    let opened = false;
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { opened = true; };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = async (event) => {
      this.on.lost(event.code === SERVICE_RESTART ? "the run has ended" : event.reason);
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 1.7);
      // A browser does not reveal why a handshake failed.
      if (!opened && await isTokenWrong()) {
        this.on.lost("this link is not valid any more; open the new link that edgeds prints");
      }
    };
  }

  command(command) {
    if (!this.connected) return false;
    this.socket.send(JSON.stringify(command));
    return true;
  }

  receive(data) {
    this.wait = FIRST_WAIT_MS;
    if (data instanceof ArrayBuffer) {
      this.draw(this.socket, data);
      return;
    }
    const message = JSON.parse(data);
    this.on[message.type]?.(message);
  }

  async draw(socket, data) {
    const number = new DataView(data).getUint32(0);
    try {
      const blob = new Blob([new Uint8Array(data, 4)], { type: "image/jpeg" });
      const bitmap = await createImageBitmap(blob);
      if (socket === this.socket && number > this.newest) {
        this.newest = number;
        this.on.picture(bitmap);
      }
      bitmap.close();
    } finally {
      if (socket === this.socket) {
        this.owed.push(number);
        this.settle();
      }
    }
  }

  // While it is paused, pictures are not acknowledged, so no more pictures come.
  pause(paused) {
    this.paused = paused;
    this.settle();
  }

  settle() {
    if (document.hidden || this.paused) return;
    for (const number of this.owed.splice(0)) this.command({ do: "ack", number });
  }
}

async function isTokenWrong() {
  try {
    return (await fetch("/icon.svg", { method: "HEAD" })).status === UNAUTHORIZED;
  } catch {
    return false; // no server at all
  }
}
