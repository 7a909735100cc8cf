// The link for a phone as a QR code, which the server draws.

import { at } from "/dom.js";
import { on } from "/run.js";

on("status", (now) => {
  at("phone").hidden = now.phone === "no-code";
  at("phone-code").hidden = at("phone-scan").hidden = now.phone !== "yes";
  at("phone-local").hidden = now.phone !== "local";
});

at("phone").addEventListener("click", () => {
  // Only now: the code holds the token, and stands on the screen no longer than it must.
  if (!at("phone-code").hidden) at("phone-code").src = "phone.svg";
  at("phone-dialog").showModal();
});
at("phone-dialog").addEventListener("close", () => at("phone-code").removeAttribute("src"));
at("phone-dialog").addEventListener("click", (event) => {
  if (event.target === at("phone-dialog")) at("phone-dialog").close(); // beside it
});
