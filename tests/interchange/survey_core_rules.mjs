// Asks survey-core for the truth of expressions: sources, rules and answers on stdin, truths on stdout.
import { readFileSync } from "node:fs";
import { Model } from "survey-core";

console.warn = () => {};
console.error = () => {};

const { sources, cases } = JSON.parse(readFileSync(0, "utf8"));
const model = new Model({ elements: sources });

function truths({ rule, answers }) {
  return answers.map((data) => {
    model.data = data;
    return model.runCondition(rule) === true;
  });
}

process.stdout.write(JSON.stringify(cases.map(truths)));
