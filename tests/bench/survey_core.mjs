// Measures survey-core with one form and many responses: JSON on stdin, figures as JSON on stdout.
import { performance } from "node:perf_hooks";
import { readFileSync } from "node:fs";
import { Model, settings } from "survey-core";

const { form, responses, rounds } = JSON.parse(readFileSync(0, "utf8"));

function seen(model, answers) {
  model.data = answers;
  model.validate(true, false);
  const visible = [];
  const missing = [];
  for (const page of model.visiblePages) {
    for (const question of page.questions) {
      if (!question.isVisible) continue;
      visible.push(question.name);
      if (question.errors.length) missing.push(question.name);
    }
  }
  return { visible, missing };
}

// The median over rounds of the mean microseconds of a response.
function measured(given, one) {
  const means = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    for (const answers of given) one(answers);
    means.push(((performance.now() - start) * 1000) / given.length);
  }
  means.sort((a, b) => a - b);
  return means[Math.floor(means.length / 2)];
}

const kept = new Model(form);
const once = measured(responses, (answers) => {
  kept.data = answers;
  kept.validate(false, false);
});
const few = responses.slice(0, 20);
const built = measured(few, (answers) => {
  const model = new Model(form);
  model.data = answers;
  model.validate(false, false);
});
const agreement = responses.map((answers) => seen(kept, answers));
const fresh = few.map((answers) => seen(new Model(form), answers));
const steady = JSON.stringify(fresh) === JSON.stringify(agreement.slice(0, few.length));
process.stdout.write(JSON.stringify({ version: settings.version, once, built, agreement, steady }));
