"""Engine figures: evaluation against survey-core with the same form and answers, check and prove.

python -m tests.bench.engine_bench            # the table
python -m tests.bench.engine_bench --profile  # where evaluation spends its time
"""

import argparse
import cProfile
import json
import pstats
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engine
from engine.prove import prove
from engine.scope import Scope
from tests.bench import engine_form

HERE = Path(__file__).parent
RESPONSES = 200
ROUNDS = 15
SURVEY_CORE_ROUNDS = 3
PROOFS = 5
GOAL_MICROSECONDS = 100
GOAL_RATIO = 100
GOAL_PROOF_SECONDS = 0.5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profile", action="store_true")
    profile = options.parse_args().profile
    document = engine_form.build()
    data = json.dumps(document, ensure_ascii=False).encode()
    survey = engine.load(data)
    answers = kept_answers(survey, engine_form.responses(document, RESPONSES))
    if profile:
        print_profile(survey, answers)
        return
    print_sizes(survey, data)
    print_evaluation(survey, document, answers)
    print_proof(data)


def kept_answers(survey: engine.Survey, drawn: list[Any]) -> list[Any]:
    """The answers to questions that are asked: what a client sends that shows only these.

    survey-core reads answers of hidden questions too, and would differ on purpose.
    """
    return [survey.evaluate(answers).answers for answers in drawn]


def print_sizes(survey: engine.Survey, data: bytes) -> None:
    questions = sum(len(page.questions) for page in survey.document.pages)
    rules = sum(1 for _ in Scope(survey.document).rules())
    print(f"Form: {questions} questions, {rules} rules, {len(data):,} bytes of JSON")


def mean_microseconds(one: Callable[[Any], Any], given: list[Any]) -> float:
    """The median over rounds of the mean time of a response."""
    means: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for answers in given:
            one(answers)
        means.append((time.perf_counter() - start) / len(given) * 1e6)
    return statistics.median(means)


def print_evaluation(survey: engine.Survey, document: Any, answers: list[Any]) -> None:
    ours = mean_microseconds(survey.evaluate, answers)
    theirs = survey_core(engine_form.as_surveyjs(document), answers)
    differ = disagreements(survey, answers, theirs["agreement"])
    once, built = theirs["once"], theirs["built"]
    asked = statistics.mean(len(survey.evaluate(given).asked) for given in answers)
    print(f"\nEvaluate and validate, mean of {len(answers)} responses; {asked:.0f} questions asked")
    row("engine.evaluate", ours, 1)
    row(f"survey-core {theirs['version']}, model built once", once, once / ours)
    row(f"survey-core {theirs['version']}, model built each time", built, built / ours)
    fastest = min(once, built)
    print(f"  against the faster: {fastest / ours:,.0f} times as fast", end="")
    print(f" (goal {GOAL_RATIO}); goal of {GOAL_MICROSECONDS} µs: {met(ours <= GOAL_MICROSECONDS)}")
    print(f"  both agree on visible questions and missing answers: {differ} of them differ")
    print(f"  survey-core says the same with a used model: {'yes' if theirs['steady'] else 'no'}")


def row(what: str, microseconds: float, ratio: float) -> None:
    print(f"  {what:<46}{microseconds:>12,.1f} µs{ratio:>10,.1f} ×")


def met(reached: bool) -> str:
    return "met" if reached else "MISSED"


def survey_core(form: Any, answers: list[Any]) -> Any:
    """The figures of survey-core in Node.js, measured there, while nothing else runs here."""
    node = subprocess.run(
        [HERE.parent.parent / ".ci" / "tool", "node"], capture_output=True, text=True, check=True
    ).stdout.strip()
    told = json.dumps({"form": form, "responses": answers, "rounds": SURVEY_CORE_ROUNDS})
    done = subprocess.run(
        [node, HERE / "survey_core.mjs"], input=told, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def disagreements(survey: engine.Survey, answers: list[Any], theirs: list[Any]) -> int:
    """In how many responses the two differ on what is visible or what is missing."""
    count = 0
    for given, other in zip(answers, theirs, strict=True):
        said = survey.evaluate(given)
        missing = [problem.at[1:] for problem in said.problems]
        same = list(said.asked) == other["visible"] and missing == other["missing"]
        count += not same
    return count


def print_proof(data: bytes) -> None:
    """Elapsed seconds and, since a busy machine stretches these, seconds of the processor."""
    parsed = engine.parse(data)
    assert parsed.document is not None
    document = parsed.document
    print(f"\nParse and check, compile, prove: the best of {PROOFS} runs")
    checked = row_of_seconds("parse and check", lambda: engine.check_parsed(engine.parse(data)))
    row_of_seconds("compile", lambda: engine.compile_survey(document))
    proved = row_of_seconds("prove", lambda: prove(document, 5.0))
    findings = prove(document, 5.0)
    print(
        f"  undecided: {len(findings.undecided)}; check and prove {checked + proved:.3f} s,", end=""
    )
    print(f" goal {GOAL_PROOF_SECONDS} s: {met(checked + proved <= GOAL_PROOF_SECONDS)}")


def row_of_seconds(what: str, action: Callable[[], Any]) -> float:
    """The shortest elapsed time, printed beside the processor's."""
    elapsed: list[float] = []
    busy: list[float] = []
    for _ in range(PROOFS):
        start, used = time.perf_counter(), time.process_time()
        action()
        elapsed.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    print(f"  {what:<18}{min(elapsed):>8.3f} s elapsed{min(busy):>9.3f} s of the processor")
    return min(elapsed)


def print_profile(survey: engine.Survey, answers: list[Any]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for given in answers * 20:
        survey.evaluate(given)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(15)


if __name__ == "__main__":
    main()
