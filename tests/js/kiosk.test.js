// The kiosk's behaviours where they are pure: keys, dates, order, idle time, which question comes up.
import assert from "node:assert/strict";
import test from "node:test";

import { allowed } from "../../renderers/static/kiosk/js/choices.js";
import { daysIn, isoDate, monthCells, movedMonth, yearsAround } from "../../renderers/static/kiosk/js/datepad.js";
import { findNode, pathOf, treeOf } from "../../renderers/static/kiosk/js/drill.js";
import { secondsLeft } from "../../renderers/static/kiosk/js/ending.js";
import { isBlockedKey } from "../../renderers/static/kiosk/js/guard.js";
import { idlePhase, isPingDue, longLeft } from "../../renderers/static/kiosk/js/idle.js";
import { pressed } from "../../renderers/static/kiosk/js/keypad.js";
import { tapped } from "../../renderers/static/kiosk/js/ranking.js";
import { onCanvas } from "../../renderers/static/kiosk/js/signature.js";
import { isAnswered, keptIndex, openingIndex } from "../../renderers/static/kiosk/js/steps.js";
import { clockTime, isHourOpen } from "../../renderers/static/kiosk/js/timepad.js";
import { fill } from "../../renderers/static/kiosk/js/words.js";

const typed = (keys) => keys.reduce(pressed, "");

test("keys type a number with one point and one sign", () => {
  assert.equal(typed(["3", "6", ".", ".", "5"]), "36.5");
  assert.equal(typed([".", "5"]), "0.5");
  assert.equal(typed(["5", "-"]), "-5");
  assert.equal(typed(["5", "-", "-"]), "5");
  assert.equal(typed(["1", "2", "back"]), "1");
  assert.equal(typed(["1", "2", "clear"]), "");
});

test("X stands only at the end of an identity number, and no number is longer", () => {
  const digits = Array(17).fill("1");
  assert.equal(typed(["1", "X"]), "1");
  assert.equal(typed([...digits, "X"]).length, 18);
  assert.equal(typed([...digits, "1", "1"]).length, 18);
});

test("a calendar knows leap years and where a month begins", () => {
  assert.equal(daysIn(2024, 2), 29);
  assert.equal(daysIn(1900, 2), 28);
  assert.equal(isoDate(2026, 3, 9), "2026-03-09");
  const cells = monthCells(2026, 11);
  assert.equal(cells.indexOf(1), 0, "the first of November 2026 is a Sunday");
  assert.equal(cells.length, 30);
});

test("months and years stay between the limits", () => {
  assert.deepEqual(movedMonth(2026, 12, 1, "1920-01-01", "2027-05-31"), { year: 2027, month: 1 });
  assert.deepEqual(movedMonth(2026, 11, 1, "1920-01-01", "2026-11-23"), { year: 2026, month: 11 });
  assert.deepEqual(movedMonth(1920, 1, -1, "1920-01-01", "2026-11-23"), { year: 1920, month: 1 });
  assert.equal(yearsAround(1950, 1920, 2026)[0], 1936);
  assert.equal(yearsAround(2026, 1920, 2026).slice(-1)[0], 2026);
});

test("hours outside the limits are closed", () => {
  assert.equal(isHourOpen(5, "06:00", "23:59"), false);
  assert.equal(isHourOpen(6, "06:30", "23:59"), true);
  assert.equal(clockTime(8, null), "");
  assert.equal(clockTime(8, 5), "08:05");
});

test("options are ranked in the order they are touched", () => {
  assert.deepEqual(["a", "b", "a", "c"].reduce((order, id) => tapped(order, id, 2), []), ["b", "c"]);
  assert.deepEqual(tapped(["a", "b"], "c", 2), ["a", "b"]);
});

test("an exclusive option stands alone, and no more are chosen than may be", () => {
  assert.deepEqual(allowed(["a", "none"], "none", ["none"], 0), ["none"]);
  assert.deepEqual(allowed(["none", "a"], "a", ["none"], 0), ["a"]);
  assert.deepEqual(allowed(["a", "b", "c"], "b", [], 2), ["a", "c"]);
  assert.deepEqual(allowed(["a"], "b", [], 2), ["a"]);
});

test("quiet time asks, counts down, and ends", () => {
  assert.equal(idlePhase(59.9, 60, 15).phase, "active");
  assert.deepEqual(idlePhase(60, 60, 15), { phase: "warning", left: 15 });
  assert.deepEqual(idlePhase(74.2, 60, 15), { phase: "warning", left: 1 });
  assert.equal(idlePhase(75, 60, 15).phase, "over");
  assert.equal(secondsLeft(0, 14_100, 15), 1);
  assert.equal(secondsLeft(0, 99_000, 15), 0);
});

test("the last minute of a long session is told", () => {
  assert.equal(longLeft(0, null, 60), null);
  assert.equal(longLeft(0, 61_000, 60), null);
  assert.equal(longLeft(1_500, 61_000, 60), 60);
  assert.equal(longLeft(61_000, 61_000, 60), 0);
});

test("the server hears of touches, not of every one", () => {
  assert.equal(isPingDue(12_000, 11_000, 0, 10), true);
  assert.equal(isPingDue(5_000, 4_000, 0, 10), false);
  assert.equal(isPingDue(30_000, 1_000, 2_000, 10), false);
});

test("a new page opens at its first question, or at its last when one goes back", () => {
  const page = { page: "b", questions: [{ id: "x" }, { id: "y" }] };
  assert.equal(openingIndex(page, null), 0);
  assert.equal(openingIndex(page, { page: "a", ids: [], current: null, action: "next" }), 0);
  assert.equal(openingIndex(page, { page: "a", ids: [], current: null, action: "back" }), 1);
});

test("the same page opens at a problem, then at what is new, else where it was", () => {
  const before = { page: "a", ids: ["x", "y"], current: "y", action: "next" };
  const questions = (...ids) => ids.map((id) => ({ id, problem: id === "bad" }));
  assert.equal(openingIndex({ page: "a", questions: questions("x", "bad", "y") }, before), 1);
  assert.equal(openingIndex({ page: "a", questions: questions("x", "y", "new") }, before), 2);
  assert.equal(openingIndex({ page: "a", questions: questions("x", "y") }, before), 1);
});

test("an answer that changes the page keeps the question on screen", () => {
  const before = { page: "a", ids: ["x", "y", "z"], current: "y", action: "refresh" };
  const arrived = { page: "a", questions: [{ id: "x", problem: true }, { id: "new" }, { id: "y" }] };
  assert.equal(openingIndex(arrived, before), 2);
  assert.equal(keptIndex(["x", "z"], before), 0);
});

test("a question is answered when any of its fields is", () => {
  const radio = (checked) => ({ type: "radio", name: "q.a", checked, value: "1" });
  assert.equal(isAnswered([radio(false), radio(false)]), false);
  assert.equal(isAnswered([radio(false), radio(true)]), true);
  assert.equal(isAnswered([{ type: "text", name: "q.a", value: "  " }]), false);
  assert.equal(isAnswered([{ type: "hidden", name: "q.a", value: "file" }]), true);
});

test("long lists open level by level", () => {
  const tree = treeOf([
    { id: "card", name: "心内科", group: "总院", level: 1, isOff: false },
    { id: "bone", name: "骨科", group: "总院", level: 1, isOff: false },
    { id: "skin", name: "皮肤科", group: "分院", level: 1, isOff: false },
  ]);
  assert.deepEqual(tree.nodes.map((node) => [node.name, node.nodes.length]), [["总院", 2], ["分院", 1]]);
  assert.deepEqual(pathOf(findNode(tree, "skin")), ["分院", "皮肤科"]);
  const cascade = treeOf([
    { id: "gz", name: "广州", group: "", level: 1, isOff: true },
    { id: "yx", name: "越秀", group: "", level: 2, isOff: false },
    { id: "fs", name: "佛山", group: "", level: 1, isOff: false },
  ]);
  assert.deepEqual(cascade.nodes.map((node) => node.id), ["gz", "fs"]);
  assert.deepEqual(pathOf(findNode(cascade, "yx")), ["广州", "越秀"]);
  assert.equal(findNode(cascade, "none"), null);
});

test("keys that leave the page are held", () => {
  const key = (name, more) => ({ key: name, altKey: false, ctrlKey: false, ...more });
  assert.equal(isBlockedKey(key("ArrowLeft", { altKey: true })), true);
  assert.equal(isBlockedKey(key("p", { ctrlKey: true })), true);
  assert.equal(isBlockedKey(key("ArrowLeft")), false);
  assert.equal(isBlockedKey(key("a")), false);
});

test("a finger's place is measured on the canvas", () => {
  const box = { left: 100, top: 50, width: 600, height: 240 };
  assert.deepEqual(onCanvas(400, 170, box, 1200, 480), { x: 600, y: 240 });
});

test("words are filled where they have places", () => {
  assert.equal(fill("第 {n} 题，共 {of} 题", { n: 2, of: 5 }), "第 2 题，共 5 题");
  assert.equal(fill("{other}", {}), "{other}");
});
