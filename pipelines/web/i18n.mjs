// Words of the page in Japanese and English; those of grades are MAP's own.

const WORDS = {
  drill: ["訓練", "DRILL"],
  real: ["実災害", "REAL"],
  edition: ["第{0}版", "edition {0}"],
  as_of: ["{0} 現在", "as of {0}"],
  unsigned: ["署名なし", "UNSIGNED"],
  signed: ["署名あり", "signed"],
  age: ["この地図は{0}前の情報です", "This map is {0} old"],
  days: ["{0}日", "{0} d"],
  hours: ["{0}時間", "{0} h"],
  minutes: ["{0}分", "{0} min"],
  newer: ["新しい版(第{0}版)があります", "There is a newer edition ({0})"],
  load: ["表示する", "Show it"],
  caution: ["D0は安全を意味しない", "D0 does not mean safe"],
  sources: [
    "背景: Natural Earth(パブリックドメイン)。座標はJGD2011",
    "Ground: Natural Earth (public domain). Coordinates: JGD2011",
  ],
  operation: ["災害対応", "Operation"],
  other_language: ["English", "日本語"],
  legend: ["凡例", "Legend"],
  seen: ["見たこと(観測・確認)", "What was seen (observed, confirmed)"],
  believed: ["推定(未確認)", "Expected, not confirmed"],
  hollow: ["推定は輪郭のみ", "Expected is outline only"],
  "basis.none": ["観測なし", "not observed"],
  "basis.observed": ["観測", "observed"],
  "basis.confirmed": ["人が確認", "confirmed by a person"],
  "basis.disputed": ["判定不一致", "methods disagree"],
  NA: ["判定できず(未観測/遮蔽/古い/対象外)", "not assessable"],
  D0: ["見える範囲に損傷なし(安全の意味ではない)", "nothing visible in view (does not mean safe)"],
  D1: ["軽微", "minor"],
  D2: ["中程度", "moderate"],
  D3: ["重大", "severe"],
  D4: ["喪失", "lost"],
  not_modelled: ["推定なし(被害曲線がない)", "no estimate (no fragility curve)"],
  filters: ["絞り込み", "Filter"],
  kind: ["施設の種類", "Kind of asset"],
  grade: ["判定", "Grade"],
  "kind.all": ["すべて", "all"],
  "kind.bridge": ["橋", "bridge"],
  "kind.dam": ["ダム", "dam"],
  "kind.tower": ["鉄塔", "tower"],
  "kind.span": ["電線(径間)", "span"],
  "kind.substation": ["変電所", "substation"],
  "kind.link": ["送電線", "link"],
  cells: ["集計(中の数字はD3以上の件数と推定数)", "Cells (numbers: seen D3 or worse, and expected)"],
  list: ["表示中の施設(優先順)", "Assets in view (by priority)"],
  more: ["ほか{0}件", "and {0} more"],
  none_in_view: ["この範囲に施設はありません", "No asset in view"],
  zoom_in: ["拡大すると個々の施設を表示します", "Zoom in to see single assets"],
  "field.id": ["番号", "Id"],
  "field.kind": ["種類", "Kind"],
  "field.grade": ["判定", "Grade"],
  "field.basis": ["根拠", "Basis"],
  "field.na_reason": ["判定できない理由", "Why not assessable"],
  "field.last_grade": ["以前の判定", "Earlier grade"],
  "field.expected": ["推定(未確認)", "Expected, not confirmed"],
  "field.chance": ["D3以上の確率", "Chance of D3 or D4"],
  "field.set": ["あり得る状態", "Possible states"],
  "field.reasons": ["理由", "Reasons"],
  "field.detectable": ["確認できていないこと", "What was not checked"],
  "field.seen_share": ["見えた割合", "Share seen"],
  "field.last_seen_at": ["最後の撮影", "Last picture"],
  "field.hazard": ["揺れ・風", "Hazard"],
  "field.ce90_m": ["位置の誤差(CE90)", "Position error (CE90)"],
  "field.clock": ["点検の期限", "Inspection due"],
  "field.priority_rank": ["優先順位(種類内)", "Priority within kind"],
  "field.confirmed": ["確認者", "Confirmed by"],
  "field.review": ["確認待ち", "Review"],
  "review.waiting": ["人の確認を待っています", "waiting for a person"],
  "review.done": ["確認済み", "done"],
  unseen_all: ["写真では何も確認していません", "nothing was checked in pictures"],
  unseen_none: ["D1以上はいずれも見えるはず", "D1 and worse would have been visible"],
  unseen_below: ["{0}未満の損傷は見えない", "damage milder than {0} would not have been visible"],
  "clock.measured": ["実測", "measured"],
  "clock.estimated": ["推定", "estimated"],
  interval: ["{0}%({1}〜{2}%)", "{0} % ({1} to {2} %)"],
  "na.withdrawn": ["取り下げ", "withdrawn"],
  "na.stale": ["古い(その後に強い揺れ・風)", "seen only before the latest hazard"],
  "na.disputed": ["判定不一致", "methods disagree"],
  "na.ambiguous_match": ["どの施設か特定できず", "cannot tell which asset is seen"],
  "na.unconfirmed": ["未確認の兆候あり", "a sign seen, not confirmed"],
  "na.not_excluded": ["損傷を否定できず", "damage cannot be excluded"],
  "na.insufficient_view": ["この画像では判断できず", "these views cannot tell"],
  "na.obscured": ["遮蔽", "hidden from view"],
  "na.too_coarse": ["解像度不足", "the picture is too coarse"],
  "na.out_of_domain": ["判定の対象外", "unlike what the method was made for"],
  "na.unusable": ["画像が使用不可", "the picture cannot be used"],
  "na.before_event": ["発生前の撮影", "taken before the event"],
  "na.time_unknown": ["撮影時刻不明", "time of the picture not known"],
  "na.unlocated": ["撮影位置不明", "place of the picture not known"],
  "na.pending": ["判読待ち", "picture not read yet"],
  "na.not_observed": ["未観測", "not observed"],
  "na.not_in_plan": ["対象外(揺れ・風が基準未満)", "hazard below the kind's trigger"],
};

let column = 0;

export function setLanguage(language) {
  column = language === "en" ? 1 : 0;
}

export function language() {
  return column === 1 ? "en" : "ja";
}

// The word of a key with {0}, {1} ... filled in; an unknown key is its own word.
export function word(key, ...values) {
  const text = WORDS[key]?.[column] ?? key;
  return text.replace(/\{(\d)\}/g, (_, k) => values[k]);
}

// Words of an NA reason such as "unconfirmed(3)": the bracket is kept.
export function naWords(reason) {
  const [name, detail] = reason.split("(", 2);
  return word(`na.${name}`).replace(/^na\./, "") + (detail ? ` (${detail}` : "");
}

// An instant in Japan's time with its date, whatever zone the reader sits in.
export function japanTime(instant) {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "Asia/Tokyo", dateStyle: "short", timeStyle: "short",
  });
  return `${parts.format(new Date(instant))} JST`;
}

export function duration(minutes) {
  if (minutes >= 2880) return word("days", Math.floor(minutes / 1440));
  if (minutes >= 120) return word("hours", Math.floor(minutes / 60));
  return word("minutes", Math.floor(minutes));
}
