// The pure parts of the web pages' scripts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { pathTo, treeOf } from "../../renderers/static/js/cascade.js";
import { lengthOf } from "../../renderers/static/js/counter.js";
import { matching } from "../../renderers/static/js/picker.js";
import { changeOf, planQuestions } from "../../renderers/static/js/plan.js";
import { tapped } from "../../renderers/static/js/ranking.js";

const q = (id, shape = "s") => ({ id, shape });

test("a question that shows the same is kept, so that focus and typing stay", () => {
  assert.deepEqual(planQuestions([q("a"), q("b")], [q("a"), q("c"), q("b", "other")]), [
    { id: "a", keep: true }, { id: "c", keep: false }, { id: "b", keep: false },
  ]);
});

test("more, fewer and same are told apart", () => {
  assert.equal(changeOf([q("a")], [q("a"), q("b")]), "more");
  assert.equal(changeOf([q("a"), q("b")], [q("a")]), "fewer");
  assert.equal(changeOf([q("a")], [q("b")]), "more");
  assert.equal(changeOf([q("a")], [q("a", "x")]), "same");
});

test("tapping ranks in order, tapping again takes back, and there are only so many places", () => {
  assert.deepEqual(tapped(tapped([], "b", 3), "a", 3), ["b", "a"]);
  assert.deepEqual(tapped(["b", "a"], "b", 3), ["a"]);
  assert.deepEqual(tapped(["b"], "a", 1), ["b"]);
});

test("a flat list with levels is a tree again", () => {
  const tree = treeOf([
    { id: "gz", name: "广州", level: 1, disabled: true },
    { id: "th", name: "天河", level: 2 },
    { id: "fs", name: "佛山", level: 1 },
  ]);
  assert.deepEqual(pathTo(tree, "th").map((node) => node.id), ["gz", "th"]);
  assert.deepEqual(pathTo(tree, "fs").map((node) => node.id), ["fs"]);
  assert.deepEqual(pathTo(tree, "nowhere"), []);
  assert.equal(pathTo(tree, "gz")[0].disabled, true);
});

test("lengths are counted as the server counts them", () => {
  assert.equal(lengthOf("  你好 "), 2);
  assert.equal(lengthOf("👍🏻"), 2);
  assert.equal(lengthOf("a\r\nb"), 3);
  assert.equal(lengthOf("e\u0301"), 1);
});

test("a search finds entries by every word, in name or heading", () => {
  const entries = [{ text: "肺病科", group: "内科" }, { text: "骨科", group: "外科" }];
  assert.deepEqual(matching(entries, "内 肺").map((entry) => entry.text), ["肺病科"]);
  assert.equal(matching(entries, "").length, 2);
  assert.equal(matching(entries, "x").length, 0);
});
