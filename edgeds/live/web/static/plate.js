// The plate: take, cancel, upload or reuse it; its picture, verdict and health.

import { at, setText } from "/dom.js";
import { say, sentence, toast, warn } from "/notes.js";
import { ask, current, on, post } from "/run.js";

const FAIR = 0.7;
const BAD = 0.35;
const VERDICTS = {
  none: "There is no plate yet. The plate is a picture of the empty scene.",
  checking: "Checking whether the last plate still fits…",
  estimating: "Estimating the plate: whatever stays in its place is background.",
  counting: "Counting down…",
  capturing: "Taking the plate…",
};

const isTaking = (plate) => plate.phase === "counting" || plate.phase === "capturing";

on("status", (now, before) => {
  const { plate, plates } = now;
  const hasPlate = plates > 0;
  showCount(now);
  showButton(isTaking(plate), hasPlate);
  at("verdict").dataset.phase = plate.phase;
  const verdict = !isTaking(plate) && plate.verdict;
  setText("verdict", sentence(verdict || VERDICTS[plate.phase] || "the plate is in use"));
  showHealth(plate.health);
  if (before?.plates !== plates) showThumbnail(plates);
  at("offer").hidden = !now.plate_offer || isTaking(plate);
  setText("offer-text", now.plate_offer && sentence(now.plate_offer));
  const prompt = isTaking(plate) ? "" : plate.prompt;
  at("prompt").hidden = !prompt;
  setText("prompt-text", prompt);
  if (before) announce(now, before, prompt);
});

function showCount({ plate, hides }) {
  const isCounting = plate.phase === "counting";
  at("count").hidden = !isTaking(plate);
  at("count").dataset.phase = plate.phase;
  at("count").dataset.hides = hides && !plate.fits; // the picture has words of its own then
  setText("count-number", isCounting ? String(Math.max(1, Math.ceil(plate.secs_left))) : "");
  setText("count-text", isCounting ? "Step out of the picture" : "Hold still: taking the plate");
}

// The loudest button while there is no plate; one of several after that.
function showButton(isBusy, hasPlate) {
  at("plate").classList.toggle("primary", !hasPlate && !isBusy);
  setText("plate-label", isBusy ? "Cancel" : hasPlate ? "Retake the plate" : "Take the plate");
}

function showHealth(health) {
  at("health-row").hidden = health === null;
  if (health === null) return;
  at("health").dataset.level = health < BAD ? "bad" : health < FAIR ? "fair" : "good";
  at("health").setAttribute("aria-valuenow", health.toFixed(2));
  at("health").style.setProperty("--share", `${100 * health}%`);
  setText("health-value", `${Math.round(health * 100)} %`);
}

function showThumbnail(plates) {
  const image = at("plate-thumb");
  at("plate-figure").hidden = plates === 0;
  if (plates > 0) image.src = `plate.jpg?number=${plates}`;
  else image.removeAttribute("src");
}

function announce(now, before, prompt) {
  const { plate } = now;
  // An estimate from the stream improves every few seconds: only its first plate is news.
  const isNews = before.plates === 0 || before.plate.phase !== "ready";
  if (now.plates !== before.plates && isNews) {
    toast(`The plate is in use: ${plate.verdict || "it was taken"}.`, { kind: "good" });
  } else if (plate.phase !== before.plate.phase) {
    if (plate.phase === "counting") {
      const secs = Math.ceil(plate.secs_left);
      warn(`The plate is taken in ${secs} seconds. Step out of the picture.`);
    } else if (plate.phase === "capturing") {
      say("Taking the plate.");
    } else if (plate.phase === "refused") {
      toast(`The plate was refused: ${plate.verdict || "see the run's log"}.`, { kind: "bad" });
    } else if (isTaking(before.plate)) {
      say("No plate was taken.");
    }
  }
  if (prompt && prompt !== before.plate.prompt) warn(prompt);
}

export function takeOrCancel() {
  const plate = current()?.plate;
  if (plate && isTaking(plate)) cancel();
  else ask({ do: "plate" });
}

export function cancel() {
  const plate = current()?.plate;
  if (!plate || !isTaking(plate)) return;
  ask({ do: "cancel-plate" });
  if (document.activeElement === at("cancel")) at("plate").focus(); // it is about to vanish
}

async function upload(file) {
  if (!file) return;
  at("plate-row").setAttribute("aria-busy", "true");
  const answer = await post("plate", file); // as it is: a plate must keep its pixels
  at("plate-row").removeAttribute("aria-busy");
  at("plate-file").value = "";
  if (answer) toast(`${file.name} is the plate now.`, { kind: "good" });
}

at("plate").addEventListener("click", takeOrCancel);
at("cancel").addEventListener("click", cancel);
at("prompt-plate").addEventListener("click", () => ask({ do: "plate" }));
at("offer-use").addEventListener("click", () => ask({ do: "offered-plate" }));
at("plate-file").addEventListener("change", () => upload(at("plate-file").files[0]));
