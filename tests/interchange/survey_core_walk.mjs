// Walks through forms as a patient does, page by page: forms and wishes on stdin, on stdout the
// questions of each page that was passed, and what is shown at the end.
import { readFileSync } from "node:fs";
import { Model, settings } from "survey-core";

console.warn = () => {};
console.error = () => {};
// A skip is taken when its page is left, as here; by default survey-core takes it at once.
settings.triggers.executeSkipOnValueChanged = false;

function walked({ form, wishes }) {
  const model = new Model(form);
  model.validationEnabled = false;
  const seen = [];
  for (let step = 0; step < 50 && model.state === "running"; step += 1) {
    const page = model.currentPage;
    for (const question of page.questions) {
      const wish = wishes[question.name];
      if (wish !== undefined && question.isVisible) model.setValue(question.name, wish);
    }
    seen.push(...page.questions.filter((q) => q.isVisible).map((question) => question.name));
    if (model.isLastPage) model.completeLastPage();
    else model.nextPage();
  }
  return { seen, data: model.data, ending: model.processedCompletedHtml };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(walked)));
