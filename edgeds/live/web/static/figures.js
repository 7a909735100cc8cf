// How fast the run is.

import { at, clock, setText } from "/dom.js";
import { on } from "/run.js";
import { Spark } from "/spark.js";

const fpsSpark = new Spark(at("fps-spark"), { floor: 10 });
const latencySpark = new Spark(at("latency-spark"), { floor: 20 });

on("status", (now) => {
  const hasPlate = now.plates > 0; // the latency of a bare camera means nothing
  fpsSpark.push(now.fps);
  if (hasPlate) latencySpark.push(now.latency_p50_ms);
  setText("fps", now.fps.toFixed(1));
  setText("latency", hasPlate ? milliseconds(now.latency_p50_ms) : "–");
  setText("p95", hasPlate ? milliseconds(now.latency_p95_ms) : "–");
  const share = now.grabbed ? (100 * now.dropped) / now.grabbed : 0;
  setText("dropped", `${now.dropped} (${share.toFixed(share < 10 ? 1 : 0)} %)`);
  setText("secs", clock(now.secs));
});

function milliseconds(ms) {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}
