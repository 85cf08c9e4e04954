// The style of the map: ground, cells, coverage, assets, damage. No glyphs, no sprites.

import { COLOURS, GRADES, colourOf } from "./marks.mjs";

const EMPTY = { type: "FeatureCollection", features: [] };
const SEEN = ["!=", ["get", "grade"], "NA"];
const UNSEEN = ["==", ["get", "grade"], "NA"];
const POLYGON = ["==", ["geometry-type"], "Polygon"];
const LINE = ["==", ["geometry-type"], "LineString"];
const INK = "#1f2933";
// A whole link that nobody saw: its spans say more, so it is a thin line of its own.
const QUIET_LINK = ["all", ["==", ["get", "kind"], "link"], UNSEEN];
const SUMMARY_MAX_ZOOM = 12;

function match(field, values) {
  return ["match", ["get", field], ...values.flat(), COLOURS.NA];
}

const BY_GRADE = match("grade", GRADES.map((grade) => [grade, COLOURS[grade]]));
const BY_EXPECTED = match(
  "expected", ["E0", "E1", "E2", "E3", "E4"].map((state) => [state, colourOf(state)]),
);
const PATTERN = ["concat", "pattern|", ["get", "grade"]];
const BADGE = [
  "concat", "badge|", ["get", "grade"], "|", ["get", "expected"], "|", ["get", "basis"],
];
const CELL = [
  "concat", "cell|", ["to-string", ["+", ["get", "n_d3"], ["get", "n_d4"]]], "|",
  ["number-format", ["coalesce", ["get", "expected_severe"], 0], { "max-fraction-digits": 1 }],
];

function geojson() {
  return { type: "geojson", data: EMPTY, promoteId: "id", tolerance: 0 };
}

function layer(id, type, source, filter, paint, layout = {}) {
  return { id, type, source, filter: ["all", ...filter], paint, layout };
}

// Wide where single assets are looked at, thin where many are.
function width(pixels) {
  return ["interpolate", ["linear"], ["zoom"], 8, pixels * 0.4, 14, pixels];
}

// Layers that obey the filters of the page, with the filter each has of its own.
const ASSET_LAYERS = [
  layer("area-seen", "fill", "assets", [POLYGON, SEEN], {
    "fill-pattern": PATTERN, "fill-opacity": 0.9,
  }),
  layer("area-hatch", "fill", "assets", [POLYGON, UNSEEN], {
    "fill-pattern": "pattern|NA", "fill-opacity": 0.45,
  }),
  layer("area-edge", "line", "assets", [POLYGON, SEEN], {
    "line-color": INK, "line-width": width(2),
  }),
  layer("area-expected", "line", "assets", [POLYGON, UNSEEN], {
    "line-color": BY_EXPECTED, "line-width": width(3),
  }),
  layer("link", "line", "assets", [QUIET_LINK], {
    "line-color": "#48525c", "line-width": width(2), "line-dasharray": [6, 2],
  }),
  layer("line-hatch", "line", "assets", [LINE, UNSEEN, ["!", QUIET_LINK]], {
    "line-color": COLOURS.NA, "line-width": width(3), "line-dasharray": [1, 1],
  }),
  layer("line-expected", "line", "assets", [LINE, UNSEEN, ["!", QUIET_LINK]], {
    "line-color": BY_EXPECTED, "line-width": width(2.5), "line-gap-width": width(4),
  }),
  layer("line-edge", "line", "assets", [LINE, SEEN], {
    "line-color": INK, "line-width": width(9),
  }),
  layer("line-seen", "line", "assets", [LINE, SEEN], {
    "line-color": BY_GRADE, "line-width": width(6),
  }),
  layer("line-pattern", "line", "assets", [LINE, SEEN], {
    "line-pattern": PATTERN, "line-width": width(6),
  }),
  layer("confirmed", "line", "assets", [["==", ["get", "basis"], "confirmed"]], {
    "line-color": INK, "line-width": width(2), "line-gap-width": width(13),
  }),
  layer("disputed", "line", "assets", [["==", ["get", "basis"], "disputed"]], {
    "line-color": INK, "line-width": width(3), "line-gap-width": width(11),
    "line-dasharray": [0.4, 1.4],
  }),
  layer("badge", "symbol", "assets", [["!", LINE]], {}, badgeLayout("point")),
  layer("badge-line", "symbol", "assets", [LINE, ["!", QUIET_LINK]], {}, badgeLayout("line-center")),
];

function badgeLayout(placement) {
  return {
    "symbol-placement": placement,
    "icon-image": BADGE,
    "icon-rotation-alignment": "viewport",
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
    "symbol-sort-key": ["+", ["*", 10, ["get", "grade_rank"]], ["coalesce", ["get", "p_severe"], 0]],
    "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.55, 14, 1],
  };
}

const CELL_LAYERS = [
  layer("cell-seen", "fill", "cells", [POLYGON, ["has", "worst_grade"]], {
    "fill-color": match("worst_grade", GRADES.map((grade) => [grade, COLOURS[grade]])),
    "fill-opacity": 0.55,
  }),
  layer("cell-hatch", "fill", "cells", [POLYGON, ["==", ["get", "n"], ["get", "n_na"]]], {
    "fill-pattern": "pattern|NA", "fill-opacity": 0.35,
  }),
  layer("cell-edge", "line", "cells", [POLYGON], {
    "line-color": ["case", [">=", ["coalesce", ["get", "expected_severe"], 0], 0.5], COLOURS.D3, "#8E8E94"],
    "line-width": ["interpolate", ["linear"], ["coalesce", ["get", "expected_severe"], 0], 0, 0.6, 10, 4],
  }),
  layer("cell-badge", "symbol", "cells", [], {}, {
    "icon-image": CELL, "icon-size": 0.8, "icon-allow-overlap": false,
    "symbol-sort-key": ["-", 0, ["coalesce", ["get", "expected_severe"], 0]],
  }),
].map((one) => ({ ...one, maxzoom: SUMMARY_MAX_ZOOM }));

export const CLICKABLE = [
  "badge", "badge-line", "area-seen", "area-hatch", "line-seen", "line-expected", "link",
];

export function mapStyle(land) {
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: land },
      assets: geojson(), cells: geojson(), damage: geojson(), coverage: geojson(),
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": "#dfe7ee" } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": "#f7f6f2" } },
      { id: "coast", type: "line", source: "land", paint: { "line-color": "#9aa2ab", "line-width": 0.8 } },
      ...CELL_LAYERS,
      layer("coverage", "line", "coverage", [], { "line-color": "#2f6db3", "line-width": 1, "line-dasharray": [4, 2] }),
      ...ASSET_LAYERS,
      layer("damage-area", "fill", "damage", [POLYGON], { "fill-color": INK, "fill-opacity": 0.35 }),
      layer("damage-edge", "line", "damage", [], { "line-color": INK, "line-width": 1.5 }),
    ],
  };
}

// Show only one kind (or all), and only some grades.
export function applyFilters(map, kind, grades) {
  const kinds = kind === "all" ? [] : [["==", ["get", "kind"], kind]];
  const graded = ["in", ["get", "grade"], ["literal", grades]];
  for (const one of ASSET_LAYERS) map.setFilter(one.id, [...one.filter, ...kinds, graded]);
  const cells = ["==", ["get", "kind"], kind];
  for (const one of CELL_LAYERS) map.setFilter(one.id, [...one.filter, cells]);
}
