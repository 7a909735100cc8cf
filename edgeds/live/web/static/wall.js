// The wall: asks once a second how the cameras are doing, and loads what has changed.

const EVERY_MS = 1000;
const wall = document.getElementById("wall");
const summary = document.getElementById("summary");
const tiles = new Map(); // name -> its elements, and the number of the picture that it shows

// The token in the address has done its work: the cookie is set.
if (location.search) history.replaceState(null, "", location.pathname);

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch("cameras.json");
    if (!answer.ok) throw new Error(answer.status);
    const { cameras } = await answer.json();
    for (const camera of cameras) update(tiles.get(camera.name) ?? added(camera.name), camera);
    const running = cameras.filter((camera) => camera.state === "running").length;
    say(`${running} of ${cameras.length} cameras are running`);
  } catch {
    say("The server cannot be reached. This page tries again by itself.");
  }
}

function added(name) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const picture = document.createElement("img");
  const title = document.createElement("p");
  const state = document.createElement("p");
  link.className = "camera";
  link.href = `cameras/${name}/`;
  picture.alt = "";
  title.textContent = name;
  state.className = "state";
  link.append(picture, title, state);
  item.append(link);
  wall.append(item);
  const tile = { link, picture, state, shown: null };
  tiles.set(name, tile);
  return tile;
}

function update(tile, camera) {
  const runs = camera.state === "running";
  const text = runs
    ? `${camera.fps.toFixed(1)} fps, ${camera.view}, plate ${camera.plate}`
    : camera.message || camera.state;
  if (tile.state.textContent !== text) tile.state.textContent = text;
  tile.link.classList.toggle("bad", !runs);
  if (camera.picture !== null && camera.picture !== tile.shown) {
    tile.shown = camera.picture;
    tile.picture.src = `cameras/${camera.name}/small.jpg?number=${camera.picture}`;
  }
}

function say(text) {
  if (summary.textContent !== text) summary.textContent = text;
}

document.addEventListener("visibilitychange", look);
setInterval(look, EVERY_MS);
look();
