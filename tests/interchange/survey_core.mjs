// Asks survey-core what a patient sees: forms and wishes on stdin, what was seen on stdout.
import { readFileSync } from "node:fs";
import { Model } from "survey-core";

console.warn = () => {};
console.error = () => {};

// What is shown, questions inside a choice behind the one that they stand in.
function shown(model) {
  return model
    .getAllQuestions()
    .filter((question) => question.isVisibleInSurvey)
    .flatMap((question) => [question, ...belowChoices(question)]);
}

function belowChoices(question) {
  const open = (question.visibleChoices ?? []).filter((item) => item.isPanelShowing);
  return open.flatMap((item) => item.panel.questions.filter((inner) => inner.isVisible));
}

function answer(model, wishes) {
  for (const question of model.getAllQuestions()) {
    if (!question.isVisibleInSurvey) continue;
    set(model, question.name, wishes);
    for (const inner of belowChoices(question)) set(model, inner.name, wishes);
  }
}

function set(model, name, wishes) {
  if (wishes[name] !== undefined) model.setValue(name, wishes[name]);
}

function filled({ form, wishes, changes = {} }) {
  const model = new Model(form);
  for (const wanted of [wishes, changes]) answer(model, wanted);
  const answers = {};
  const offered = {};
  const asked = shown(model);
  for (const question of asked) {
    const value = model.getValue(question.name);
    if (value !== undefined) answers[question.name] = value;
    const parts = question.visibleRows ?? question.visibleChoices;
    if (parts) offered[question.name] = parts.map((part) => part.rowName ?? part.name ?? part.value);
  }
  const panels = model.getAllPanels().filter((panel) => panel.title && isInSight(panel));
  return {
    visible: asked.map((question) => question.name),
    required: asked.filter((question) => question.isRequired).map((question) => question.name),
    answers,
    offered,
    panels: panels.map((panel) => panel.name),
    data: model.data,
  };
}

function isInSight(part) {
  return part.isVisible && (!part.parent || isInSight(part.parent));
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(filled)));
