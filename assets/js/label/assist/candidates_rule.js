// What a run of the prepass found on an image, as a look like that of the proposals (finds_rule.js), each candidate with
// the sources it comes from. Pure.

/** Colours that colour-blind eyes tell apart (Okabe and Ito), on any photograph with the halo beneath. */
export const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#ffffff"];

/** A, B … Z, a, b …: what stands for a source on the picture, beside its colour. */
export const letterOf = (place) => String.fromCharCode(place < 26 ? 65 + place : 97 + (place - 26) % 26);

export const scoreText = (score) => (score === null || score === undefined ? "no score" : score.toFixed(2));

const LOW = 0.3; // shown at first from this score on
const commonOf = (atom) => atom.calibrated ?? atom.score ?? 0;

/** @param found answer of `…/runs/{run}/images/{id}`, @param asked {image_id, how, run} */
export function lookOfRun(found, asked) {
  const sources = found.sources.map(({ source_run, status, error, n_atoms }, place) =>
    ({ source_run, status, error, boxes: n_atoms, letter: letterOf(place), colour: COLOURS[place % COLOURS.length] }));
  const known = new Map(sources.map((source) => [source.source_run, source]));
  const list = found.candidates.map((candidate) => findOf(candidate, known));
  list.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  return { ...asked, list, sources, off: new Set(), at: 0, threshold: LOW, left: new Set(), model: asked.run, took: null, cached: false };
}

function findOf({ candidate_id, rect: [x, y, w, h], class_id, score, score_source, atoms }, known) {
  const votes = atoms.map((atom) => ({ ...atom, source: known.get(atom.source_run) })).filter(({ source }) => source);
  votes.sort((a, b) => commonOf(b) - commonOf(a));
  const best = votes[0];
  return {
    rect: { x, y, w, h }, polygon: [], score, class_id, name: best?.model_class ?? "", candidate_id, score_source, votes,
    colour: best?.source.colour ?? COLOURS.at(-1), letters: [...new Set(votes.map(({ source }) => source.letter))].join(""),
  };
}

/** Some source that is switched on saw it; what no run made, everybody did. */
export const isOn = (find, off) => !find.votes || !off?.size || find.votes.some(({ source }) => !off.has(source.source_run));

/** What stands above its box: the sources that are on, and the score. */
export function tagOf(find, off) {
  const letters = [...new Set(find.votes.filter(({ source }) => !off.has(source.source_run)).map(({ source }) => source.letter))].join("");
  return `${letters} ${scoreText(find.score)}`;
}

/** What each source said of it: [{letter, colour, text}]. */
export function wordsOf(find) {
  return find.votes.map((vote) => {
    const common = vote.calibrated === null || vote.calibrated === undefined ? "" : ` → ${vote.calibrated.toFixed(2)}`;
    const said = vote.prompt ? ` by “${vote.prompt}”` : vote.exemplar_box_id ? ` like box ${vote.exemplar_box_id}` : "";
    return { letter: vote.source.letter, colour: vote.source.colour, text: `${vote.source.source_run} ${scoreText(vote.score)}${common} ${vote.model_class}${said}` };
  });
}

/** The smallest of some finds under a point of the image, or null. */
export function findAt(finds, [px, py]) {
  const holds = ({ rect: { x, y, w, h } }) => px >= x && py >= y && px < x + w && py < y + h;
  return finds.filter(holds).reduce((best, find) => (best && best.rect.w * best.rect.h <= find.rect.w * find.rect.h ? best : find), null);
}
