// The GeoJSON tiles in view, each feature once.

const LOWEST = 5;
const HIGHEST = 14;
const LOWEST_WITH_ASSETS = 12;
const KEPT = 400; // tiles in memory

export function tileZoom(mapZoom) {
  return Math.min(HIGHEST, Math.max(LOWEST, Math.floor(mapZoom)));
}

function column(longitude, size) {
  return Math.min(size - 1, Math.max(0, Math.floor(((longitude + 180) / 360) * size)));
}

function row(latitude, size) {
  const bounded = Math.min(85.05, Math.max(-85.05, latitude));
  const north = Math.asinh(Math.tan((bounded * Math.PI) / 180)) / Math.PI;
  return Math.min(size - 1, Math.max(0, Math.floor(((1 - north) / 2) * size)));
}

// Names z/x/y of the tiles where a view meets the map's bounds (west, south, east, north).
export function tilesInView(view, bounds, zoom) {
  const [west, south] = [Math.max(view[0], bounds[0]), Math.max(view[1], bounds[1])];
  const [east, north] = [Math.min(view[2], bounds[2]), Math.min(view[3], bounds[3])];
  if (west > east || south > north) return [];
  const size = 2 ** zoom;
  const names = [];
  for (let x = column(west, size); x <= column(east, size); x += 1) {
    for (let y = row(north, size); y <= row(south, size); y += 1) names.push(`${zoom}/${x}/${y}`);
  }
  return names;
}

export class TileStore {
  constructor(base) {
    this.base = base;
    this.tiles = new Map();
  }

  async read(path) {
    if (!this.tiles.has(path)) {
      this.tiles.set(path, this.fetchTile(path));
      if (this.tiles.size > KEPT) this.tiles.delete(this.tiles.keys().next().value);
    }
    return this.tiles.get(path);
  }

  async fetchTile(path) {
    const reply = await fetch(`${this.base}tiles/${path}.geojson`);
    if (reply.status === 404) return []; // nothing there
    if (!reply.ok) {
      this.tiles.delete(path);
      throw new Error(`${path}: ${reply.status}`);
    }
    return (await reply.json()).features;
  }

  async layer(name, places) {
    const found = await Promise.all(places.map((place) => this.read(`${name}/${place}`)));
    const once = new Map(found.flat().map((feature) => [feature.id, feature]));
    return [...once.values()];
  }

  // The feature with every field: those of low zooms carry only some. It is in every
  // tile it touches, so in that of its first point; a link is in no such tile.
  async full(feature) {
    if ("reasons_en" in feature.properties) return feature;
    const [longitude, latitude] = feature.geometry.coordinates.flat(Infinity);
    const size = 2 ** HIGHEST;
    const place = `${HIGHEST}/${column(longitude, size)}/${row(latitude, size)}`;
    const found = await this.read(`assets/${place}`);
    return found.find((one) => one.id === feature.id) ?? feature;
  }

  // Features of every source of the page for one view.
  async view(bounds, mapBounds, zoom, layers) {
    const z = tileZoom(zoom);
    const places = tilesInView(bounds, mapBounds, z);
    if (z < LOWEST_WITH_ASSETS) {
      const all = await this.layer("summary", places);
      return {
        cells: all.filter((feature) => "level" in feature.properties),
        assets: all.filter((feature) => "grade" in feature.properties),
        damage: [], coverage: [],
      };
    }
    const has = (name) => (layers.includes(name) ? this.layer(name, places) : []);
    const [assets, damage, coverage] = await Promise.all(["assets", "damage", "coverage"].map(has));
    return { cells: [], assets, damage, coverage };
  }
}
