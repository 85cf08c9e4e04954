// The side of the page: legend, filters, what is known of one asset, and a list.

import { duration, japanTime, language, naWords, word } from "./i18n.mjs";
import { GRADES, badge, cellBadge } from "./marks.mjs";

const KINDS = ["all", "bridge", "dam", "tower", "span", "substation", "link"];
const LISTED = 50;

export function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function legendRow(canvas, text) {
  const row = element("li");
  canvas.setAttribute("aria-hidden", "true");
  row.append(canvas, element("span", text));
  return row;
}

export function drawLegend(section) {
  const seen = element("ul");
  for (const grade of GRADES) {
    const name = grade === "NA" ? "NA" : grade;
    seen.append(legendRow(badge(grade, "", "observed"), `${name} ${word(grade)}`));
  }
  seen.append(legendRow(badge("D3", "", "confirmed"), word("basis.confirmed")));
  seen.append(legendRow(badge("D3", "", "disputed"), word("basis.disputed")));
  const believed = element("ul");
  for (const k of [0, 1, 2, 3, 4]) {
    believed.append(legendRow(badge("NA", `E${k}`, "none"), `E${k} ${k ? word(`D${k}`) : "–"}`));
  }
  const cells = element("ul");
  cells.append(legendRow(cellBadge("2", "3.1"), word("cells")));
  section.replaceChildren(
    element("h2", word("legend")),
    element("h3", word("seen")), seen,
    element("h3", `${word("believed")} — ${word("hollow")}`), believed, cells,
  );
}

export function drawFilters(section, chosen, changed) {
  const kinds = element("select", "", { id: "kind" });
  for (const kind of KINDS) {
    const option = element("option", word(`kind.${kind}`), { value: kind });
    option.selected = kind === chosen.kind;
    kinds.append(option);
  }
  kinds.addEventListener("change", () => changed({ kind: kinds.value }));
  const kindLabel = element("label", `${word("kind")} `);
  kindLabel.append(kinds);
  const grades = element("fieldset");
  grades.append(element("legend", word("grade")));
  for (const grade of GRADES) grades.append(gradeBox(grade, chosen, changed));
  section.replaceChildren(element("h2", word("filters")), grades, kindLabel);
}

function gradeBox(grade, chosen, changed) {
  const label = element("label");
  const box = element("input", "", { type: "checkbox", name: "grade", value: grade });
  box.checked = chosen.grades.includes(grade);
  box.addEventListener("change", () => {
    const kept = GRADES.filter((one) => (one === grade ? box.checked : chosen.grades.includes(one)));
    changed({ grades: kept });
  });
  label.append(box, ` ${grade}`);
  return label;
}

function percent(chance) {
  return Math.round(1000 * chance) / 10;
}

function gradeWords(p) {
  return `${p.grade} ${word(p.grade)}`;
}

// E0 .. E4, or null where nothing is expected because nothing is modelled.
function expectedState(p) {
  return /^E[0-4]$/.test(p.expected) ? p.expected : null;
}

function expectedWords(p) {
  const state = expectedState(p);
  if (!state) return word("not_modelled");
  return state === "E0" ? "E0" : `${state} ${word(state.replace("E", "D"))}`;
}

function chanceWords(p) {
  if (p.p_severe == null) return null;
  if (p.p_severe_low == null) return `${percent(p.p_severe)} %`;
  return word("interval", ...[p.p_severe, p.p_severe_low, p.p_severe_high].map(percent));
}

function unseenWords(p) {
  if (p.grade === "NA" && p.last_seen_at == null) return word("unseen_all");
  if (p.detectable_from === "none" || p.detectable_from == null) return word("unseen_all");
  if (p.detectable_from === "D1") return word("unseen_none");
  return word("unseen_below", p.detectable_from);
}

function clockWords(p) {
  if (!p.clock_due_at) return null;
  const basis = p.clock_basis ? ` (${word(`clock.${p.clock_basis}`)})` : "";
  return `${p.clock_kind ?? ""} ${japanTime(p.clock_due_at)}${basis}`;
}

function hazardWords(p) {
  if (p.hazard == null) return null;
  return `${p.hazard_kind} ${Number(p.hazard).toPrecision(3)} ${p.hazard_unit ?? ""}`;
}

// Pairs of field and words, those not known left out.
function facts(p) {
  const reasons = p[`reasons_${language()}`];
  const rows = [
    ["grade", gradeWords(p)],
    ["basis", word(`basis.${p.basis}`)],
    ["na_reason", p.na_reason && naWords(p.na_reason)],
    ["last_grade", p.last_grade],
    ["expected", expectedWords(p)],
    ["chance", chanceWords(p)],
    ["set", p.set && p.set.split(";").join(" / ")],
    ["reasons", reasons && reasons.split(";").join(" / ")],
    ["detectable", unseenWords(p)],
    ["seen_share", p.seen_share == null ? null : `${percent(p.seen_share)} %`],
    ["last_seen_at", p.last_seen_at && japanTime(p.last_seen_at)],
    ["hazard", hazardWords(p)],
    ["ce90_m", p.ce90_m == null ? null : `${p.ce90_m.toFixed(1)} m`],
    ["clock", clockWords(p)],
    ["priority_rank", p.priority_rank],
    ["confirmed", p.confirmed_at && `${p.confirmed_by_role ?? ""} ${japanTime(p.confirmed_at)}`],
    ["review", p.review && p.review !== "none" ? word(`review.${p.review}`) : null],
    ["kind", word(`kind.${p.kind}`)],
    ["id", p.id],
  ];
  return rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
}

export function drawDetail(section, properties) {
  if (!properties) {
    section.replaceChildren();
    return;
  }
  const list = element("dl");
  for (const [field, value] of facts(properties)) {
    list.append(element("dt", word(`field.${field}`)), element("dd", String(value)));
  }
  section.replaceChildren(element("h2", properties.name || properties.id), list);
}

export function drawList(section, features, chosen) {
  const list = element("ul");
  const rank = (feature) => feature.properties.priority_rank ?? Infinity;
  const sorted = [...features].sort(
    (a, b) => b.properties.grade_rank - a.properties.grade_rank
      || (b.properties.p_severe ?? 0) - (a.properties.p_severe ?? 0)
      || rank(a) - rank(b),
  );
  for (const feature of sorted.slice(0, LISTED)) {
    const p = feature.properties;
    const button = element("button", `${p.grade} · ${expectedState(p) ?? "–"} · ${p.name || p.id}`, { type: "button" });
    button.addEventListener("click", () => chosen(feature));
    const item = element("li");
    item.append(button);
    list.append(item);
  }
  const rest = sorted.length - LISTED;
  if (rest > 0) list.append(element("li", word("more", rest)));
  const note = sorted.length ? [] : [element("p", word("none_in_view"))];
  section.replaceChildren(element("h2", word("list")), list, ...note);
}

// The lines at the top: what this map is, and how old.
export function drawBanner(about, latest, now) {
  const put = (id, text) => { document.getElementById(id).textContent = text; };
  const drill = document.getElementById("drill");
  drill.className = about.drill ? "drill" : "real";
  put("drill", word(about.drill ? "drill" : "real"));
  put("title", `${about.title} (${about.operation})`);
  put("edition", word("edition", about.number));
  put("as-of", word("as_of", japanTime(about.as_of)));
  put("hash", latest.sha256.slice(0, 8));
  put("signature", word(about.signature ? "signed" : "unsigned"));
  put("caution", word("caution"));
  put("sources", word("sources"));
  put("language", word("other_language"));
  document.querySelector("#operation-label span").textContent = word("operation");
  const minutes = (now - new Date(about.as_of)) / 60_000;
  const age = document.getElementById("age");
  age.hidden = minutes <= 30;
  age.textContent = word("age", duration(minutes));
  document.title = `${word(about.drill ? "drill" : "real")} ${about.title} – Karte`;
}
