// Asks survey-core which questions a patient sees: forms and wishes on stdin, what was seen on stdout.
import { readFileSync } from "node:fs";
import { Model } from "survey-core";

console.warn = () => {};
console.error = () => {};

function filled({ form, wishes, changes = {} }) {
  const model = new Model(form);
  const answers = {};
  for (const wanted of [wishes, changes]) {
    for (const question of model.getAllQuestions()) {
      const wish = wanted[question.name];
      if (wish !== undefined && question.isVisibleInSurvey) model.setValue(question.name, wish);
    }
  }
  const visible = [];
  const required = [];
  for (const question of model.getAllQuestions()) {
    if (!question.isVisibleInSurvey) continue;
    visible.push(question.name);
    if (question.isRequired) required.push(question.name);
    const value = model.getValue(question.name);
    if (value !== undefined) answers[question.name] = value;
  }
  return { visible, required, answers, data: model.data };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(filled)));
