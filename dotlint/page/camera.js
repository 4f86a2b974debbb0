// The position and zoom of the picture.

const NATURAL = 4 / 3; // CSS pixels to a point of Graphviz
const READABLE = 0.9; // CSS pixels to a point, at which labels of 9 points can be read
const LEAST = 0.02, MOST = 6;

function makeCamera(canvas, output) {
  const at = { x: 0, y: 0, scale: 1 };
  let svg = null, motion = 0;

  function place() {
    const width = canvas.clientWidth / at.scale, height = canvas.clientHeight / at.scale;
    svg.setAttribute("viewBox", `${at.x} ${at.y} ${width} ${height}`);
    output.textContent = `${Math.round((100 * at.scale) / NATURAL)} %`;
  }

  function go(to, { slowly = true } = {}) {
    const from = { ...at }, began = performance.now();
    cancelAnimationFrame(motion);
    if (!slowly || calm.matches || !canvas.clientWidth) return place(Object.assign(at, to));
    const step = (now) => {
      const part = Math.min(1, (now - began) / 220), eased = 1 - (1 - part) ** 3;
      for (const key of Object.keys(to)) at[key] = from[key] + (to[key] - from[key]) * eased;
      place();
      if (part < 1) motion = requestAnimationFrame(step);
    };
    motion = requestAnimationFrame(step);
  }

  const fitting = (area, margin = 24) =>
    Math.min(
      (canvas.clientWidth - 2 * margin) / (area.right - area.left || 1),
      (canvas.clientHeight - 2 * margin) / (area.bottom - area.top || 1),
    );

  function centred(area, scale) {
    const x = (area.left + area.right) / 2, y = (area.top + area.bottom) / 2;
    return { x: x - canvas.clientWidth / scale / 2, y: y - canvas.clientHeight / scale / 2, scale };
  }

  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    cancelAnimationFrame(motion);
    const scale = Math.min(MOST, Math.max(LEAST, at.scale * factor));
    at.x += x / at.scale - x / scale;
    at.y += y / at.scale - y / scale;
    at.scale = scale;
    place();
  }

  function pan(x, y) {
    cancelAnimationFrame(motion);
    at.x += x / at.scale;
    at.y += y / at.scale;
    place();
  }

  return { at, place, go, fitting, centred, zoom, pan, aim: (picture) => (svg = picture) };
}
