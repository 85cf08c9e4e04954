// The map page: one operation, its newest edition, in two channels.

import * as maplibregl from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { setLanguage, language, word } from "./i18n.mjs";
import { CLICKABLE, applyFilters, mapStyle } from "./layers.mjs";
import { GRADES, imageOf } from "./marks.mjs";
import { drawBanner, drawDetail, drawFilters, drawLegend, drawList, element } from "./panel.mjs";
import { TileStore } from "./tiles.mjs";

const LOOK_AGAIN_MS = 60_000;
const at = (id) => document.getElementById(id);
const state = { kind: "all", grades: GRADES, features: [], chosen: null };

async function json(url) {
  const reply = await fetch(url, { cache: "no-cache" });
  if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
  return reply.json();
}

// Operations of this server; a plain file server has just the one beside the page.
async function operations() {
  try {
    return await json("operations.json");
  } catch {
    return [{ path: "", operation: "", drill: false }];
  }
}

async function openEdition(path) {
  const latest = await json(`${path}latest.json`);
  const base = `${path}${latest.path}/`;
  const tilejson = await json(`${base}tilejson.json`);
  const layers = tilejson.vector_layers.map((layer) => layer.id);
  return { path, latest, layers, about: tilejson.karte, bounds: tilejson.bounds, tiles: new TileStore(base) };
}

function makeMap(land, bounds) {
  const map = new maplibregl.Map({
    container: "map", style: mapStyle(land), bounds,
    fitBoundsOptions: { padding: 60, maxZoom: 16 },
    maxZoom: 19, minZoom: 3, attributionControl: false, dragRotate: false, hash: "at",
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new maplibregl.ScaleControl({}), "bottom-left");
  map.setMissingStyleImageResolver((id) => {
    const image = imageOf(id);
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: 2 });
  });
  return map;
}

async function showView(map, edition) {
  const view = map.getBounds().toArray().flat();
  const found = await edition.tiles.view(view, edition.bounds, map.getZoom(), edition.layers);
  for (const [source, features] of Object.entries(found)) {
    map.getSource(source).setData({ type: "FeatureCollection", features });
  }
  state.features = found.assets;
  drawAssetList(map, edition);
}

function shown(feature) {
  const p = feature.properties;
  return state.grades.includes(p.grade) && (state.kind === "all" || p.kind === state.kind);
}

function drawAssetList(map, edition) {
  drawList(at("list"), state.features.filter(shown), (feature) => {
    choose(feature, edition);
    map.easeTo({ center: middle(feature.geometry), zoom: Math.max(map.getZoom(), 15) });
  });
}

function middle(geometry) {
  const points = geometry.coordinates.flat(Infinity);
  const mean = (k) => points.filter((_, i) => i % 2 === k).reduce((a, b) => a + b, 0) / (points.length / 2);
  return [mean(0), mean(1)];
}

// Show what the tile in view says at once, then all that is known.
async function choose(feature, edition) {
  const show = (properties) => {
    state.chosen = properties;
    drawDetail(at("detail"), properties);
  };
  show(feature.properties);
  at("detail").scrollIntoView({ block: "nearest" });
  const full = await edition.tiles.full(feature);
  if (state.chosen === feature.properties) show(full.properties);
}

function drawPage(map, edition) {
  document.documentElement.lang = language();
  drawBanner(edition.about, edition.latest, Date.now());
  drawLegend(at("legend"));
  drawFilters(at("filters"), state, (change) => {
    Object.assign(state, change);
    applyFilters(map, state.kind, state.grades);
    drawPage(map, edition);
  });
  drawDetail(at("detail"), state.chosen);
  drawAssetList(map, edition);
}

function listenForClicks(map, edition) {
  map.on("click", (event) => {
    const hits = map.queryRenderedFeatures(event.point, { layers: CLICKABLE });
    const known = new Map(state.features.map((feature) => [feature.id, feature]));
    const hit = hits.map((one) => known.get(one.properties.id)).find(Boolean);
    if (hit) choose(hit, edition);
  });
}

function offerNewer(path, edition) {
  setInterval(async () => {
    drawBanner(edition.about, edition.latest, Date.now());
    const latest = await json(`${path}latest.json`).catch(() => edition.latest);
    const newer = at("newer");
    newer.hidden = latest.sha256 === edition.latest.sha256;
    newer.firstElementChild.textContent = word("newer", latest.edition);
    newer.lastElementChild.textContent = word("load");
    newer.lastElementChild.onclick = () => window.location.reload();
  }, LOOK_AGAIN_MS);
}

function fillOperations(all, path) {
  const select = at("operation");
  for (const one of all) {
    const name = `${word(one.drill ? "drill" : "real")} ${one.operation}`;
    const option = element("option", name, { value: one.path });
    option.selected = one.path === path;
    select.append(option);
  }
  select.onchange = () => { window.location.search = `?o=${encodeURIComponent(select.value)}`; };
}

async function start() {
  const query = new URLSearchParams(window.location.search);
  setLanguage(query.get("lang") ?? localStorage.getItem("karte-language") ?? "ja");
  const all = await operations();
  const known = all.find((one) => one.path === query.get("o")) ?? all[0];
  const edition = await openEdition(known.path);
  fillOperations(all, known.path);
  const map = makeMap(await json("base/land.geojson"), edition.about.focus);
  await map.once("load");
  applyFilters(map, state.kind, state.grades);
  listenForClicks(map, edition);
  at("language").onclick = () => {
    setLanguage(language() === "ja" ? "en" : "ja");
    localStorage.setItem("karte-language", language());
    drawPage(map, edition);
  };
  map.on("moveend", () => showView(map, edition));
  drawPage(map, edition);
  await showView(map, edition);
  offerNewer(known.path, edition);
  window.karte = { map, state }; // for tests and the curious
  document.body.dataset.ready = "true";
}

start().catch((error) => {
  const note = at("age");
  note.hidden = false;
  note.textContent = String(error);
  document.body.dataset.failed = String(error);
});
