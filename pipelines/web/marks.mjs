// The look of a state: colour, number, pattern, outline. Two channels, never mixed:
// what was seen is filled, what is only expected is an outline on grey hatch.

export const COLOURS = {
  NA: "#C8C8CB", D0: "#FFFFFF", D1: "#F2E700", D2: "#FF9900", D3: "#FF2800", D4: "#AA00AA",
};
export const GRADES = Object.keys(COLOURS);
const INK = "#1f2933";
const OUTLINE_D0 = "#7A7A80";
const SIZE = 52; // pixels at a ratio of 2

export function colourOf(state) {
  return COLOURS[state.replace("E", "D")] ?? COLOURS.NA;
}

// A pattern a grade, so that colour is never the only sign.
const STROKES = {
  NA: [[0, 16, 16, 0]],
  D1: [[8, 7, 8, 9]],
  D2: [[0, 0, 16, 16]],
  D3: [[0, 0, 16, 16], [0, 16, 16, 0]],
  D4: [[0, 8, 16, 8], [8, 0, 8, 16]],
};

function tile(state, background) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 16;
  const pen = canvas.getContext("2d");
  if (background) {
    pen.fillStyle = background;
    pen.fillRect(0, 0, 16, 16);
  }
  pen.strokeStyle = state === "NA" ? "#8E8E94" : "rgba(31,41,51,.55)";
  pen.lineWidth = state === "NA" ? 3 : 2;
  for (const [x0, y0, x1, y1] of STROKES[state] ?? []) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }
  return canvas;
}

// The image of an area or line of a grade, for fill-pattern and line-pattern.
export function patternImage(state) {
  const canvas = tile(state, COLOURS[state]);
  return canvas.getContext("2d").getImageData(0, 0, 16, 16);
}

function outline(pen, basis, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 4;
  if (basis === "disputed") pen.setLineDash([2, 6]);
  if (basis === "disputed") pen.lineCap = "round";
  circle(pen, 18);
  pen.setLineDash([]);
  if (basis === "confirmed") {
    pen.lineWidth = 3;
    circle(pen, 24);
  }
}

function circle(pen, radius) {
  pen.beginPath();
  pen.arc(SIZE / 2, SIZE / 2, radius, 0, 7);
  pen.stroke();
}

function disc(pen, style) {
  pen.fillStyle = style;
  pen.beginPath();
  pen.arc(SIZE / 2, SIZE / 2, 17, 0, 7);
  pen.fill();
}

function print(pen, text, colour) {
  pen.font = `bold ${text.length > 3 ? 15 : 20}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.strokeStyle = colour === "#FFFFFF" ? INK : "#FFFFFF";
  pen.lineWidth = 5;
  pen.strokeText(text, SIZE / 2, SIZE / 2 + 1);
  pen.fillStyle = colour;
  pen.fillText(text, SIZE / 2, SIZE / 2 + 1);
}

// Canvas of one asset: grade D0..D4 filled; NA hatched, its outline the expected state.
export function badge(grade, expected, basis) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  const seen = grade !== "NA";
  disc(pen, seen ? COLOURS[grade] : COLOURS.NA);
  disc(pen, pen.createPattern(tile(grade), "repeat"));
  if (seen) {
    outline(pen, basis, grade === "D0" ? OUTLINE_D0 : INK);
    print(pen, grade.slice(1), INK);
    return canvas;
  }
  const known = /^E[0-4]$/.test(expected);
  if (known) {
    pen.strokeStyle = INK;
    pen.lineWidth = 7;
    circle(pen, 18);
  }
  outline(pen, basis, known ? ring(expected) : "#6E6E74");
  print(pen, known ? expected : "NA", INK);
  return canvas;
}

function ring(expected) {
  return colourOf(expected);
}

// Canvas of one cell: how many were seen as D3 or worse, over how many are expected.
export function cellBadge(severe, expected) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  pen.fillStyle = Number(severe) > 0 ? COLOURS.D3 : "#FFFFFF";
  pen.fillRect(4, 4, SIZE - 8, SIZE / 2 - 4);
  pen.strokeStyle = COLOURS.D3;
  pen.lineWidth = 3;
  pen.strokeRect(4, SIZE / 2, SIZE - 8, SIZE / 2 - 4);
  pen.strokeStyle = INK;
  pen.lineWidth = 2;
  pen.strokeRect(3, 3, SIZE - 6, SIZE - 6);
  pen.translate(0, -12);
  print(pen, severe, INK);
  pen.translate(0, 23);
  print(pen, expected, INK);
  return canvas;
}

// The image of a name that a style asks for, or null: "badge|D3|E2|observed",
// "cell|2|3.1", "pattern|D3".
export function imageOf(name) {
  const [family, ...parts] = name.split("|");
  if (family === "pattern") return patternImage(parts[0]);
  const canvas = { badge, cell: cellBadge }[family]?.(...parts);
  return canvas ? canvas.getContext("2d").getImageData(0, 0, SIZE, SIZE) : null;
}
