// The picture as a WebRTC stream in a video element. Knows nothing about the rest of the page.

const PATIENCE_MS = 15000;
const GATHER_MS = 1500;

export class Stream {
  // on: {offer(sdp), frame(), playing(on), failed(why)}
  constructor(video, on) {
    this.video = video;
    this.on = on;
    this.peer = null;
    video.addEventListener("playing", () => {
      if (!this.peer) return;
      clearTimeout(this.patience);
      this.on.playing(true);
    });
  }

  async start() {
    this.stop();
    const peer = new RTCPeerConnection({ iceServers: [] });
    this.peer = peer;
    this.patience = setTimeout(() => this.fail(), PATIENCE_MS);
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = (event) => {
      this.video.srcObject = new MediaStream([event.track]);
      this.video.play().catch(() => {}); // a hidden one does not begin by itself
      this.watch();
    };
    peer.onconnectionstatechange = () => {
      if (peer === this.peer && peer.connectionState === "failed") this.fail();
    };
    await peer.setLocalDescription();
    await gathered(peer);
    if (peer === this.peer) this.on.offer(peer.localDescription.sdp);
  }

  async accept(answer) {
    try {
      await this.peer?.setRemoteDescription({ type: "answer", sdp: answer });
    } catch {
      this.fail();
    }
  }

  fail() {
    if (!this.peer) return;
    this.stop();
    this.on.failed("The WebRTC stream does not get through to this browser. Single pictures go on.");
  }

  stop() {
    if (!this.peer) return;
    clearTimeout(this.patience);
    this.peer.close();
    this.peer = null;
    this.video.srcObject = null;
    this.on.playing(false);
  }

  watch() {
    this.video.requestVideoFrameCallback?.(() => {
      this.video.dataset.drawn = 1 + Number(this.video.dataset.drawn ?? 0);
      this.on.frame();
      if (this.peer) this.watch();
    });
  }
}

function gathered(peer) {
  return new Promise((done) => {
    if (peer.iceGatheringState === "complete") return done();
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") done();
    });
    setTimeout(done, GATHER_MS);
  });
}
