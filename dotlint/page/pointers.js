// Pointers on the picture: one pointer moves it, two zoom, a click selects, a double click opens.

const REACH = 6; // pixels beside an edge that still mean it
const TWICE = 500; // milliseconds between the clicks of a double click

function listenToPointers(canvas, camera, { pick, enter, clear }) {
  const pointers = new Map();
  let moved = false, spread = 0, last = {};
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, event);
    moved = pointers.size > 1;
    spread = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (!moved && Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) < 4) return;
    if (!moved) canvas.setPointerCapture(event.pointerId);
    moved = true;
    pointers.set(event.pointerId, event);
    if (pointers.size === 1) return camera.pan(before.clientX - event.clientX, before.clientY - event.clientY);
    const [one, two] = [...pointers.values()], frame = canvas.getBoundingClientRect();
    const now = Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    if (spread) camera.zoom(now / spread, (one.clientX + two.clientX) / 2 - frame.left, (one.clientY + two.clientY) / 2 - frame.top);
    spread = now;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("click", (event) => {
    if (moved) return;
    const element = near(event);
    last = { element, x: event.clientX, y: event.clientY, at: event.timeStamp };
    if (element) pick(element);
    else clear();
  });
  // What the first click selects is described below the picture, so that something else may be under the second one.
  canvas.closest(".pane").addEventListener(
    "click",
    (event) => {
      const { element, x, y, at } = last;
      if (!element || event.timeStamp - at > TWICE || Math.hypot(event.clientX - x, event.clientY - y) > REACH) return;
      if (enter(Number(element.dataset.element))) event.stopPropagation();
    },
    { capture: true },
  );
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const frame = canvas.getBoundingClientRect(), lines = event.deltaMode === 1 ? 16 : 1;
      if (event.shiftKey) return camera.pan(event.deltaY * lines, 0);
      camera.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - frame.left, event.clientY - frame.top);
    },
    { passive: false },
  );

  /** The element under the pointer or a few pixels beside it: edges are thin. */
  function near(event) {
    const hit = event.target.closest("[data-element]");
    if (hit && !hit.classList.contains("cluster")) return hit;
    for (let radius = 1; radius <= REACH; radius++) {
      for (let turn = 0; turn < 8; turn++) {
        const x = event.clientX + radius * Math.cos((turn * Math.PI) / 4), y = event.clientY + radius * Math.sin((turn * Math.PI) / 4);
        const element = document.elementFromPoint(x, y)?.closest(".canvas [data-element]");
        if (element && !element.classList.contains("cluster")) return element;
      }
    }
    return hit;
  }
}
